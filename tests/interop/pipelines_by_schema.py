"""Holds pipelines against their JSON Schema: schema.json, a folder of those to take, a folder of those to refuse.

Every table of those to take is also tried with a key that does not exist. Prints what was judged wrongly.
"""

import copy
import json
import pathlib
import sys
import tomllib

from jsonschema import Draft7Validator

FREE = {"recording_labels", "values"}


def tables(value, place=()):
    """Where every table of a pipeline stands, but those whose keys are free."""
    if isinstance(value, dict):
        yield place
        for key, inner in value.items():
            if key not in FREE:
                yield from tables(inner, (*place, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from tables(inner, (*place, index))


def main():
    schema = json.loads(pathlib.Path(sys.argv[1]).read_text())
    Draft7Validator.check_schema(schema)
    validator = Draft7Validator(schema)
    taken, refused = (sorted(pathlib.Path(folder).glob("*.toml")) for folder in sys.argv[2:4])
    wrong = []
    tried = 0
    for path in taken:
        pipeline = tomllib.loads(path.read_text())
        wrong += [f"{path.name}: {error.json_path}: {error.message}" for error in validator.iter_errors(pipeline)]
        for place in tables(pipeline):
            changed = copy.deepcopy(pipeline)
            table = changed
            for step in place:
                table = table[step]
            table["no_such_key"] = 1
            tried += 1
            if validator.is_valid(changed):
                wrong.append(f"{path.name}: an unknown key in {place} is taken")
    for path in refused:
        if validator.is_valid(tomllib.loads(path.read_text())):
            wrong.append(f"{path.name} is taken: {path.read_text()}")
    print("\n".join(wrong))
    print(f"{len(taken)} taken, {tried} tables with an unknown key, {len(refused)} refused")
    sys.exit(bool(wrong) or not taken or not refused)


main()
