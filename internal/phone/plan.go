package phone

// areas holds the area codes of the North American Numbering Plan in use,
// assigned or planned (NANPA, 2026), by hundreds from 2: bit n of a row stands
// for code n of that hundred, the first 64 in the first word.
var areas = [8][2]uint64{
	{0xd37f019cbf9ff7fe, 0x0020a9168}, // 200
	{0xb07ccab5efbff7fe, 0x00065003b}, // 300
	{0x8405af6dd38ff7fe, 0x00011cc71}, // 400
	{0xea091387fffff7ff, 0x001f7afcd}, // 500
	{0x7f0ce392f4dff7ff, 0x0024f4168}, // 600
	{0xd2618d65df1ff3fe, 0x000e7cfe2}, // 700
	{0xdfc7b9cbf63ff7ff, 0x00100f35f}, // 800
	{0x095baff4f21ff7ff, 0x00271cbc0}, // 900
}

// areaInUse reports whether a three-digit number is an area code in use.
func areaInUse(code uint64) bool {
	if code < 200 || code > 999 {
		return false
	}
	n := code % 100
	return areas[code/100-2][n/64]>>(n%64)&1 != 0
}

// exchange reports whether a three-digit number can be a central office code:
// it starts with 2 to 9 and is not one of the service codes 211 to 911.
func exchange(code uint64) bool { return code >= 200 && code <= 999 && code%100 != 11 }

// northAmerican judges ten digits as a national number of the plan. unlikely
// is what speaks against it, 0 when nothing does.
func northAmerican(v uint64) (unlikely float32, ok bool) {
	if v < 2_000_000_000 || !exchange(v/10_000%1000) || v%1_111_111_111 == 0 {
		return 0, false
	}
	if !areaInUse(v / 10_000_000) {
		return 2.6, true
	}
	return 0, true
}

// british judges the ten digits that follow the 0 or +44 of a British number,
// by the ranges of Ofcom's National Telephone Numbering Plan.
func british(v uint64) (unlikely float32, ok bool) {
	two, three := v/100_000_000, v/10_000_000
	switch two / 10 {
	case 1:
		return 0, two != 10
	case 2:
		switch two {
		case 20:
			return 0, three == 200 || three == 201 || three == 203 || three == 204 || three == 207 || three == 208
		case 23, 24, 28, 29:
			return 0, true
		}
	case 3:
		return 0, two == 30 || two == 33 || two == 34 || two == 37
	case 5:
		return .5, two == 55 || two == 56
	case 7:
		if two == 70 || two == 76 {
			return .7, true
		}
		return 0, true
	case 8:
		return .3, two == 80 || two == 84 || two == 87
	case 9:
		return .7, two == 90 || two == 91 || two == 98
	}
	return 0, false
}
