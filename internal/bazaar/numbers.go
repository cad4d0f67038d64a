package bazaar

import (
	"fmt"
	"strconv"
	"strings"
)

// Only numbers set aside for fiction stand in the town: NANP 555-0100 to
// 555-0199 under the area codes below, and Ofcom's drama ranges.
const areaCodes = "201 202 203 205 206 207 208 209 210 212 213 214 215 216 217 218 219 220 223 224 225 228 229 231 234 239 240 248 251 252 253 254 256 260 262 267 269 270 272 276 " +
	"279 281 283 301 302 303 304 305 307 308 309 310 312 313 314 315 316 317 318 319 320 321 323 325 326 327 329 330 331 332 334 336 337 339 341 346 347 350 351 352 360 361 363 364 " +
	"369 380 385 386 401 402 404 405 406 407 408 409 410 412 413 414 415 417 419 423 424 425 430 432 434 435 440 442 443 445 447 448 458 463 464 469 470 475 478 479 480 484 501 502 503 " +
	"504 505 507 508 509 510 512 513 515 516 517 518 520 530 531 534 539 540 541 551 557 559 561 562 563 564 567 570 571 572 573 574 575 580 582 585 586 601 602 603 605 606 607 608 609 610 " +
	"612 614 615 616 617 618 619 620 623 626 628 629 630 631 636 640 641 645 646 650 651 656 657 659 660 661 662 667 669 678 680 681 682 689 701 702 703 704 706 707 708 712 713 714 715 " +
	"716 717 718 719 720 724 725 726 727 728 730 731 732 734 737 740 743 747 754 757 760 762 763 765 769 770 771 772 773 774 775 779 781 785 786 801 802 803 804 805 806 808 810 812 813 814 " +
	"815 816 817 818 820 826 828 830 831 832 835 838 839 840 843 845 847 848 850 854 856 857 858 859 860 862 863 864 865 870 872 878 901 903 904 906 907 908 909 910 912 913 914 915 916 917 918"

// A directory hands out distinct numbers: the same place always gives the same
// number, two places never give one.
type directory struct {
	codes  []string
	start  int
	stride int
	next   int // first free NANP place
	nextGB int
}

func newDirectory(seed uint64) *directory {
	d := throw(seed, 'd')
	x := &directory{codes: strings.Fields(areaCodes)}
	size := x.size()
	x.start = d.n(size)
	for x.stride = size/3 + d.n(size/3); gcd(x.stride, size) != 1; x.stride++ {
	}
	return x
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// size is how many NANP numbers there are.
func (x *directory) size() int { return len(x.codes) * 100 }

// A phone is a place in the directory; places from gb upwards are British.
type phone int32

const (
	gb      phone = 1 << 24
	gbCount       = 2000
)

// take reserves n numbers and returns the first; false when there are too few.
func (x *directory) take(n int, british bool) (phone, bool) {
	if british {
		x.nextGB += n
		return gb + phone(x.nextGB-n), x.nextGB <= gbCount
	}
	x.next += n
	if x.next > x.size()-decoyNumbers {
		x.next -= n
		return 0, false
	}
	return phone(x.next - n), true
}

// decoyNumbers is how many NANP numbers belong to nobody: ids in the shape of a
// number are made from them.
const decoyNumbers = 600

// decoy returns the k-th number that belongs to nobody, as national digits.
func (x *directory) decoy(k int) string {
	return x.national(phone(x.size() - 1 - k%decoyNumbers))
}

// national returns the digits as dialled inside the country.
func (x *directory) national(p phone) string {
	switch k := int(p - gb); {
	case k >= 1000:
		return fmt.Sprintf("0207946%04d", k-1000)
	case k >= 0:
		return fmt.Sprintf("07700%06d", 900000+k)
	}
	k := (x.start + int(p)*x.stride) % x.size()
	return x.codes[k/100] + "55501" + strconv.Itoa(100 + k%100)[1:]
}

// e164 returns the number in international form.
func (x *directory) e164(p phone) string {
	if n := x.national(p); p >= gb {
		return "+44" + n[1:]
	} else {
		return "+1" + n
	}
}
