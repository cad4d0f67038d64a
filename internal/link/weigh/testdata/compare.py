"""Compares the processor time of `vigil link` with MinHash indexes on one labelled file, all in
the same run, and what each gets right. From the root of the repository:

    python3 -m venv .cache/minhash
    .cache/minhash/bin/pip install datasketch==2.0.0 rensa==0.5.0
    go build -o bin/vigil ./cmd/vigil
    .cache/minhash/bin/python internal/link/weigh/testdata/compare.py ads.jsonl

vigil reads the file, links by all evidence and prints clusters. The indexes only look for
near-duplicate texts: 128 permutations of word 5-grams without digits, Jaccard .5, and what they
find is joined. Reading the file is counted for all three. Files of any size come from
`go test ./internal/link/weigh -run Measure -ads 10000 -seeds 1 -write ads.jsonl`.
"""

import collections
import json
import re
import resource
import subprocess
import sys
import time

ROUNDS, PERMUTATIONS, JACCARD, GRAM = 3, 128, 0.5, 5


def words(ad):
    return re.findall(r"[^\W\d_]+", (ad["title"] + " " + ad["body"]).lower())


def shingles(ad):
    w = words(ad)
    return [" ".join(w[i:i + GRAM]) for i in range(max(1, len(w) - GRAM + 1))]


class Joined:
    def __init__(self, n):
        self.root = list(range(n))

    def find(self, i):
        while self.root[i] != i:
            self.root[i] = self.root[self.root[i]]
            i = self.root[i]
        return i

    def join(self, i, j):
        self.root[self.find(i)] = self.find(j)


def datasketch(path):
    import datasketch as d
    ads = load(path)
    index, joined = d.MinHashLSH(threshold=JACCARD, num_perm=PERMUTATIONS), Joined(len(ads))
    for i, ad in enumerate(ads):
        m = d.MinHash(num_perm=PERMUTATIONS)
        m.update_batch([s.encode() for s in shingles(ad)])
        for j in index.query(m):
            joined.join(i, j)
        index.insert(i, m)
    return {ad["id"]: joined.find(i) for i, ad in enumerate(ads)}


def rensa(path):
    import rensa as r
    ads = load(path)
    index, joined, kept = r.RMinHashLSH(threshold=JACCARD, num_perm=PERMUTATIONS, num_bands=32), Joined(len(ads)), []
    for i, ad in enumerate(ads):
        m = r.RMinHash(num_perm=PERMUTATIONS, seed=1)
        m.update(shingles(ad))
        for j in index.query(m):
            if m.jaccard(kept[j]) >= JACCARD:
                joined.join(i, j)
        index.insert(i, m)
        kept.append(m)
    return {ad["id"]: joined.find(i) for i, ad in enumerate(ads)}


def vigil(path):
    out = subprocess.run(["bin/vigil", "link", path], check=True, capture_output=True, text=True).stdout
    return {r["id"]: r["cluster"] for r in map(json.loads, out.splitlines())}


def load(path):
    with open(path, encoding="utf-8") as f:
        return [json.loads(line) for line in f]


def seconds(who, path):
    spent = lambda: sum(u.ru_utime + u.ru_stime for u in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)))
    before = spent()
    found = who(path)
    return spent() - before, found


def bcubed(ads, found):
    both = collections.Counter((a["true_group"], found[a["id"]]) for a in ads)
    groups = collections.Counter(a["true_group"] for a in ads)
    clusters = collections.Counter(found[a["id"]] for a in ads)
    p = sum(n * n / clusters[c] for (_, c), n in both.items()) / len(ads)
    r = sum(n * n / groups[g] for (g, _), n in both.items()) / len(ads)
    return 2 * p * r / (p + r)


def main():
    path = sys.argv[1]
    ads = load(path)
    best = {}
    for _ in range(ROUNDS):  # in turns
        for who in (vigil, datasketch, rensa):
            s, found = seconds(who, path)
            if s < best.get(who, (1e9,))[0]:
                best[who] = s, bcubed(ads, found)
    for who, (s, f1) in best.items():
        print(f"{who.__name__:10} {1e6 * s / len(ads):7.1f} µs CPU an ad, {s / best[vigil][0]:5.2f} of vigil's, B-cubed F1 {f1:.3f}")


if __name__ == "__main__":
    main()
