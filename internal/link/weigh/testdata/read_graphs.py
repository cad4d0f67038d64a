"""Reads graph.csv, graph.ftm, graph.gexf and graph.graphml in a folder with other people's
programs, and prints what they found as one JSON object:

    .cache/checkers/graphs/bin/python internal/link/weigh/testdata/read_graphs.py FOLDER

networkx and followthemoney are installed by .ci/install.sh.
"""

import collections
import csv
import json
import os
import sys

import networkx
from followthemoney import model


def graph(g):
    kinds = collections.Counter(d["kind"] for _, d in g.nodes(data=True))
    held = networkx.Graph((a, b) for a, b in g.edges())
    return {
        "kinds": dict(kinds),
        "links": g.number_of_edges(),
        "weighted": sum(float(d["weight"]) > 0 for _, _, d in g.edges(data=True)),
        "reasons": sum(bool(d["reason"]) for _, _, d in g.edges(data=True)),
        "connected": [len(c) > 1 for c in networkx.connected_components(held)].count(True),
    }


def table(path):
    with open(path, encoding="utf-8", newline="") as f:
        rows = list(csv.DictReader(f))
    g = networkx.Graph((r["from"], r["to"]) for r in rows)
    return {
        "links": len(rows),
        "weighted": sum(float(r["weight"]) > 0 for r in rows),
        "reasons": sum(bool(r["reason"]) for r in rows),
        "connected": networkx.number_connected_components(g),
    }


def entities(path):
    schemata, lost, proxies = collections.Counter(), [], {}
    with open(path, encoding="utf-8") as f:
        for line in f:
            said = json.loads(line)
            p = model.get_proxy(said, cleaned=False)  # drops what it cannot understand
            schemata[p.schema.name] += 1
            proxies[p.id] = p
            for name, values in said["properties"].items():
                if len(set(values)) != len(p.get(name)):
                    lost.append(f"{p.id}: {name} {values} was read as {p.get(name)}")
            model.get(p.schema.name).validate(said)
    dangling = [p.id for p in proxies.values() for prop, value in p.itervalues() if prop.type.name == "entity" and value not in proxies]
    return {"schemata": dict(schemata), "lost": lost[:5], "dangling": dangling[:5]}


def main():
    folder = sys.argv[1]
    at = lambda name: os.path.join(folder, "graph." + name)
    json.dump({
        "graphml": graph(networkx.read_graphml(at("graphml"))),
        "gexf": graph(networkx.read_gexf(at("gexf"))),
        "csv": table(at("csv")),
        "ftm": entities(at("ftm")),
    }, sys.stdout, indent=1)


if __name__ == "__main__":
    main()
