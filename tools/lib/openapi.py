"""Makes what is served of the API's document: openapi.py SOURCE.yaml FOLDER writes FOLDER/openapi.json and .yaml.

The source is YAML with anchors and merges (`<<`), by which operations share their answers; what is made has neither, so
that every reader of OpenAPI takes it. Members of the document's root that begin with `x-` hold what is shared, and stay
behind. Read strictly: a key that stands twice or without a value is an error, and only true, false, null and numbers are
not texts.
"""

import json
import os
import re
import sys

import yaml


class Loader(yaml.SafeLoader):
    """YAML 1.2's own words: `no` is the language of Norway, and a date is a text."""

    def flatten_mapping(self, node):
        seen = set()
        for key, value in node.value:
            # Such as the rest of an unquoted text behind its comma.
            if isinstance(value, yaml.ScalarNode) and value.style is None and value.value == "":
                raise yaml.YAMLError(f"{key.value!r} has no value: {key.start_mark}")
            if key.tag == "tag:yaml.org,2002:merge":
                continue
            if key.value in seen:
                raise yaml.YAMLError(f"{key.value!r} stands twice: {key.start_mark}")
            seen.add(key.value)
        super().flatten_mapping(node)


class Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data):
        return True


Loader.yaml_implicit_resolvers = {}
for tag, pattern, first in (("null", r"null|", ["n", ""]), ("bool", r"true|false", "tf"),
                            ("int", r"-?(?:0|[1-9][0-9]*)", "-0123456789"),
                            ("float", r"-?(?:0|[1-9][0-9]*)\.[0-9]+", "-0123456789"), ("merge", r"<<", "<")):
    Loader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(f"^(?:{pattern})$"), list(first))


def read(path):
    with open(path, encoding="utf-8") as source:
        document = yaml.load(source, Loader)  # a SafeLoader
    return {name: value for name, value in document.items() if not name.startswith("x-")}


def write(path, text):
    with open(path, "w", encoding="utf-8") as out:
        out.write(text)


def main():
    _, source, folder = sys.argv
    document = read(source)
    os.makedirs(folder, exist_ok=True)
    write(os.path.join(folder, "openapi.json"), json.dumps(document, ensure_ascii=False, separators=(",", ":")))
    write(os.path.join(folder, "openapi.yaml"),
          yaml.dump(document, Dumper=Dumper, allow_unicode=True, sort_keys=False, width=120))


if __name__ == "__main__":
    try:
        main()
    except yaml.YAMLError as error:
        sys.exit(f"openapi: {error}")
