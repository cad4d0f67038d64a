"""Compares phone.Read with the matcher of libphonenumber (PyPI phonenumbers) on one
labelled file: processor seconds per ad of each, taken in turns in the same run, and
what each gets right. From the root of the repository:

    python3 -m venv .cache/phonenumbers
    .cache/phonenumbers/bin/pip install phonenumbers
    .cache/phonenumbers/bin/python internal/phone/testdata/compare.py [labelled.jsonl]

Go's figure is that of BenchmarkReadAds on one core; the matcher's is the median of
the rounds, with its tables warm.
"""

import json
import os
import re
import statistics
import subprocess
import sys
import time

import phonenumbers

ROUNDS = 3


def matcher(texts, leniency=phonenumbers.Leniency.VALID):
    form = phonenumbers.PhoneNumberFormat.E164
    return [
        {phonenumbers.format_number(m.number, form) for m in phonenumbers.PhoneNumberMatcher(t, "US", leniency=leniency)}
        for t in texts
    ]


def matcher_seconds(texts):
    start = time.process_time()
    matcher(texts)
    return (time.process_time() - start) / len(texts)


def vigil_seconds(path):
    out = subprocess.run(
        ["go", "test", "./internal/phone", "-run", "^$", "-bench", "^BenchmarkReadAds$", "-cpu", "1", "-benchtime", "50000x"],
        env={**os.environ, "VIGIL_PHONES": path}, capture_output=True, text=True, check=True).stdout
    return 1 / float(re.search(r"([\d.]+) ads/cpu-s", out).group(1))


def quality(read, ads):
    right = sum(len(got & set(a["phones"])) for got, a in zip(read, ads))
    found, true = sum(map(len, read)), sum(len(set(a["phones"])) for a in ads)
    free = [got for got, a in zip(read, ads) if not a["phones"]]
    return 2 * right / (found + true), sum(map(len, free)) / max(1, len(free))


def main():
    path = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else "internal/phone/testdata/ads.jsonl")
    with open(path, encoding="utf-8") as f:
        ads = [json.loads(line) for line in f]
    texts = [a["text"] for a in ads]
    size = sum(len(t.encode()) for t in texts) / len(texts)
    matcher(texts[:100])  # its tables and patterns are made on first use
    theirs, ours = [], []
    for _ in range(ROUNDS):
        theirs.append(matcher_seconds(texts))
        ours.append(vigil_seconds(path))
    t, o = statistics.median(theirs), statistics.median(ours)
    print(f"{len(ads)} ads of {size:.0f} bytes on average, {ROUNDS} rounds, median processor time per ad")
    print(f"phonenumbers {phonenumbers.__version__}: {1e6 * t:8.1f} µs  {1 / t:9.0f} ads/s")
    print(f"phone.Read:          {1e6 * o:8.1f} µs  {1 / o:9.0f} ads/s  {1 / o * size / 150:9.0f} ads of 150 bytes/s")
    print(f"ratio {t / o:.1f}, by round {', '.join(f'{a / b:.1f}' for a, b in zip(theirs, ours))}")
    for name in ("VALID", "POSSIBLE"):
        f1, free = quality(matcher(texts, getattr(phonenumbers.Leniency, name)), ads)
        print(f"phonenumbers, {name}: F1 {f1:.3f}, false numbers per number-free ad {free:.3f}")


main()
