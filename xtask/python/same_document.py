"""Reads the exported documents with parsers that are not ours: each YAML file must hold what the JSON file beside it holds, for a
parser of YAML 1.1 (PyYAML) and for one of YAML 1.2 (ruamel.yaml)."""

import json
import pathlib
import sys

import ruamel.yaml
import yaml


def texts(document):
    """One text for each document that is the same; 1, 1.0 and true are not, and a date is no JSON at all."""
    return json.dumps(document, sort_keys=True, ensure_ascii=False)


def main():
    folder = pathlib.Path(sys.argv[1])
    files = sorted(folder.glob("*.yaml"))
    if not files:
        sys.exit(f"{folder} has no .yaml file")
    parsers = {
        "PyYAML": lambda text: yaml.safe_load(text),
        "ruamel.yaml": lambda text: ruamel.yaml.YAML(typ="safe", pure=True).load(text),
    }
    for file in files:
        beside = file.with_suffix(".json")
        expected = texts(json.loads(beside.read_text(encoding="utf-8")))
        for name, parse in parsers.items():
            if texts(parse(file.read_text(encoding="utf-8"))) != expected:
                sys.exit(f"{name} reads something else in {file} than there is in {beside}")
        print(f"{file.name} says what {beside.name} says, to YAML 1.1 and to YAML 1.2")


if __name__ == "__main__":
    main()
