"""The API's document against the program's own table of routes, which `parlance openapi --routes` prints."""

import json
import re
import unittest

from command_line import DONE, USAGE, run

METHODS = {"get", "post", "put", "patch", "delete", "head", "options", "trace"}
DOCUMENT = json.loads(run("openapi").stdout)
OPERATIONS = {f"{method.upper()} {path}": operation for path, item in DOCUMENT["paths"].items()
              for method, operation in item.items() if method in METHODS}
ROUTES = dict(line.rsplit(" ", 1) for line in run("openapi", "--routes").stdout.splitlines())


def needed(security):
    """What the document says that a caller needs, in the words of the table."""
    if not security:
        return "nothing"
    (bearer,), (session,) = (list(scheme.values()) for scheme in security)
    assert [list(scheme) for scheme in security] == [["bearer"], ["session"]] and bearer == session, security
    return ",".join(bearer) or "token"


class Openapi(unittest.TestCase):
    maxDiff = None

    def test_every_route_is_in_the_document_and_every_operation_is_a_route(self):
        self.assertGreater(len(ROUTES), 100)
        self.assertEqual(sorted(ROUTES), sorted(OPERATIONS))

    def test_the_document_says_who_may(self):
        said = {name: needed(operation.get("security", DOCUMENT["security"])) for name, operation in OPERATIONS.items()}
        self.assertEqual(said, ROUTES)

    def test_operations_have_names_summaries_and_sections_of_their_own(self):
        names = [operation["operationId"] for operation in OPERATIONS.values()]
        self.assertEqual(len(names), len(set(names)))
        sections = {tag["name"] for tag in DOCUMENT["tags"]}
        for name, operation in OPERATIONS.items():
            self.assertTrue(operation["summary"], name)
            self.assertLessEqual(set(operation["tags"]), sections, name)

    def test_every_body_has_bounds_and_refuses_what_it_does_not_know(self):
        for name, operation in OPERATIONS.items():
            for media, content in operation.get("requestBody", {}).get("content", {}).items():
                if media == "application/json":
                    self.check_bounds(content["schema"], name)

    def check_bounds(self, schema, where):
        if "$ref" in schema:
            where += " " + schema["$ref"]
            schema = DOCUMENT["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
        types = schema.get("type", [])
        types = {types} if isinstance(types, str) else set(types)
        if "object" in types:
            self.assertIn("additionalProperties", schema, where)
            self.assertTrue(schema["additionalProperties"] is False or "maxProperties" in schema, where)
            for member, one in schema.get("properties", {}).items():
                self.check_bounds(one, f"{where}/{member}")
        if "array" in types:
            self.assertIn("maxItems", schema, where)
            self.check_bounds(schema["items"], where + "/*")
        if "string" in types and "enum" not in schema:
            self.assertTrue("maxLength" in schema or re.search(r"\{\d+\}\$$", schema.get("pattern", "")), where)
        if "integer" in types:
            self.assertLessEqual({"minimum", "maximum"}, schema.keys(), where)
        for one in schema.get("anyOf", []) + schema.get("oneOf", []):
            if "required" not in one and "properties" not in one:
                self.check_bounds(one, where)

    def test_in_yaml_it_is_the_same_document(self):
        said = run("openapi", "--yaml").stdout
        self.assertTrue(said.startswith(f"openapi: {DOCUMENT['openapi']}\n"))
        for path in DOCUMENT["paths"]:
            self.assertIn(f"\n  {path}:\n", said)
        self.assertEqual(run("openapi", "--yaml", "--routes").returncode, USAGE)
        self.assertEqual(run("openapi").returncode, DONE)


if __name__ == "__main__":
    unittest.main()
