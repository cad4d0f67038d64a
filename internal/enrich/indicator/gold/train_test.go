package gold

import (
	"bufio"
	"encoding/json"
	"hash/fnv"
	"math"
	"os"
	"testing"

	"vigil.example/internal/enrich/indicator"
)

// A point is a label that the rules gave: what it is like, and whether it was right.
type point struct {
	x    map[string]float64
	y    float64
	fold uint32 // documents of one family of phrasing are in one fold
}

const folds = 5

// fit is the weights of a logistic model of the points that are not in a fold.
func fit(points []point, without uint32) map[string]float64 {
	w := map[string]float64{}
	for range 4000 {
		g, n := map[string]float64{}, 0.
		for _, p := range points {
			if p.fold == without {
				continue
			}
			n++
			y := p.y*(1-2*prior) + prior
			for k, v := range p.x {
				g[k] += (y - chance(w, p.x)) * v
			}
		}
		for k := range g {
			w[k] += .5*g[k]/n - .0005*w[k]
		}
	}
	return w
}

func chance(w, x map[string]float64) float64 {
	z := 0.
	for k, v := range x {
		z += w[k] * v
	}
	return 1 / (1 + math.Exp(-z))
}

// foldOf keeps documents of a family together.
func foldOf(d *Document) uint32 {
	key := d.ID
	if len(d.Labels) > 0 && d.Labels[0].Family != "" {
		key = d.Labels[0].Family
	}
	h := fnv.New32a()
	_, _ = h.Write([]byte(key))
	return h.Sum32() % folds
}

// crossed is the expected calibration error (10 bins) of labels, each judged by
// a model that has not seen its fold.
func crossed(points []point) float64 {
	var right, said, n [10]float64
	for fold := range uint32(folds) {
		w := fit(points, fold)
		for _, p := range points {
			if p.fold == fold {
				q := chance(w, p.x)
				b := min(9, int(10*q))
				right[b], said[b], n[b] = right[b]+p.y, said[b]+q, n[b]+1
			}
		}
	}
	e := 0.
	for b := range n {
		e += math.Abs(right[b]-said[b]) / float64(len(points))
	}
	return e
}

// prior is how many right and wrong labels are taken for seen before any: a rule
// that was right ten times of ten is not right for ever.
const prior = .03

// TestTrain trains the model on the labelled file that $VIGIL_INDICATORS names,
// measures every rule on it, and writes ../model.json, when $VIGIL_TRAIN is the
// name that the set goes by.
func TestTrain(t *testing.T) {
	set, name := os.Getenv("VIGIL_TRAIN"), os.Getenv("VIGIL_INDICATORS")
	if set == "" || name == "" {
		t.Skip("VIGIL_TRAIN and VIGIL_INDICATORS name no set and no file")
	}
	l, err := indicator.New()
	if err != nil {
		t.Fatal(err)
	}
	src, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = src.Close() }()
	var points []point
	s := NewScore(true)
	absent, kinds := map[string]int{}, map[string]int{}
	found := map[string]int{}
	for in := bufio.NewScanner(src); in.Scan(); {
		var d Document
		if err := json.Unmarshal(in.Bytes(), &d); err != nil {
			t.Fatal(err)
		}
		got := l.Read(d.Text, indicator.Options{All: true}).Indicators
		s.Add(d, got, nil)
		for n, i := range got {
			p := point{x: map[string]float64{}, fold: foldOf(&d)}
			indicator.Features(got, n, func(name string, v float64) { p.x[name] = v })
			for _, lb := range d.Labels {
				if lb.Category == i.Category && overlap(lb, i) {
					p.y = 1
				}
			}
			points = append(points, p)
		}
		for _, lb := range d.Labels {
			kind := d.Lang + " " + lb.Category + "/" + lb.Sub
			kinds[kind]++
			for _, i := range got {
				if i.Category == lb.Category && overlap(lb, i) {
					found[kind+" "+i.Rule]++
					break
				}
			}
		}
		for _, c := range indicator.Categories() {
			there := false
			for _, lb := range d.Labels {
				there = there || lb.Category == c
			}
			for _, i := range got {
				there = there && i.Category != c
			}
			if there {
				absent[c]++
			}
		}
	}
	t.Logf("%d labels, expected calibration error by %d-fold cross-validation %.4f", len(points), folds, crossed(points))
	w := fit(points, folds)
	m := struct {
		Set      string                        `json:"set"`
		Weights  map[string]float64            `json:"weights"`
		Absent   map[string]float64            `json:"absent"`
		Measured map[string]*indicator.Measure `json:"measured"`
	}{set, map[string]float64{}, map[string]float64{}, map[string]*indicator.Measure{}}
	for k, v := range w {
		m.Weights[k] = math.Round(1e3*v) / 1e3
	}
	for _, c := range indicator.Categories() {
		m.Absent[c] = math.Round(1e4*(float64(absent[c])+.5)/float64(s.Documents)) / 1e4
	}
	for _, r := range l.Rules {
		y := s.Rule[r.ID]
		if y == nil {
			continue
		}
		kind := r.Lang + " " + r.Kind
		m.Measured[r.ID] = &indicator.Measure{
			Marked: y.Right + y.Wrong, Precision: math.Round(1e3*y.Precision()) / 1e3,
			Recall: math.Round(1e3*share(found[kind+" "+r.ID], kinds[kind])) / 1e3,
		}
	}
	out, err := json.MarshalIndent(m, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("../model.json", append(out, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestCarried scores the cases that the rules carry as documents: the quality
// that the repository can show without any other file.
func TestCarried(t *testing.T) {
	l, err := indicator.Default()
	if err != nil {
		t.Fatal(err)
	}
	s := NewScore(true)
	for _, d := range Carried(l) {
		r := l.Read(d.Text, indicator.Options{All: true})
		s.Add(d, r.Indicators, l.Probs(r.Indicators))
	}
	for c, y := range s.Category {
		if y.Right+y.Missed > 0 && y.Recall() < 1 {
			t.Errorf("%s: recall %.3f on the cases of the rules", c, y.Recall())
		}
	}
}
