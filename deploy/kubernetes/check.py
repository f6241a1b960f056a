"""Checks resources for check.sh: arguments are a folder with CRDs, or an empty text, and the files."""
import pathlib
import sys

import jsonschema
import kubernetes_validate
import yaml

VERSION = "1.34"
OPERATORS = {"rabbitmq.com/v1beta1", "keda.sh/v1alpha1"}
KUSTOMIZATION = ("kustomize.config.k8s.io/v1beta1", "Kustomization")


class Strict(yaml.SafeLoader):
    """Refuses a key that comes twice: YAML's own reader takes the last one."""


def mapping(loader, node):
    keys = [loader.construct_object(key) for key, _ in node.value]
    if len(keys) != len(set(keys)):
        raise yaml.constructor.ConstructorError(None, None, f"a key comes twice: {keys}", node.start_mark)
    return loader.construct_mapping(node, deep=True)


Strict.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, mapping)


def closed(schema):
    """The schema, in which an object has no other properties than those that it names."""
    if not isinstance(schema, dict):
        return schema
    schema = {key: closed(value) if key in ("items", "additionalProperties") else value for key, value in schema.items()}
    if "properties" in schema:
        schema["properties"] = {key: closed(value) for key, value in schema["properties"].items()}
        if not schema.get("x-kubernetes-preserve-unknown-fields"):
            schema.setdefault("additionalProperties", False)
    return schema


def schemas(folder):
    found = {}
    for path in pathlib.Path(folder).glob("*.yaml") if folder else []:
        spec = yaml.safe_load(path.read_text())["spec"]
        for version in spec["versions"]:
            schema = version["schema"]["openAPIV3Schema"]
            schema["properties"]["metadata"] = {"type": "object", "properties": {"name": {}, "namespace": {}}}
            found[f"{spec['group']}/{version['name']}", spec["names"]["kind"]] = closed(schema)
    return found


def main():
    known, names, counts = schemas(sys.argv[1]), set(), {"schema": 0, "form": 0}
    for path in sys.argv[2:]:
        for one in yaml.load_all(pathlib.Path(path).read_text(), Strict):
            kind = one["apiVersion"], one["kind"]
            if kind == KUSTOMIZATION:
                continue
            label = f"{path}: {kind[1]} {one['metadata']['name']}"
            place = kind, one["metadata"]["name"]
            if place in names:
                sys.exit(f"{label} comes twice")
            names.add(place)
            try:
                if kind in known:
                    jsonschema.validate(one, known[kind])
                elif kind[0] in OPERATORS:
                    if not one["metadata"]["namespace"] or not isinstance(one["spec"], dict):
                        sys.exit(f"{label} has no namespace or no spec")
                    counts["form"] += 1
                    continue
                else:
                    kubernetes_validate.validate(one, VERSION, strict=True)
                counts["schema"] += 1
            except (jsonschema.ValidationError, kubernetes_validate.ValidationError) as error:
                sys.exit(f"{label}: {error.message}")
    print(f"{counts['schema']} resources fit their schemas, {counts['form']} of operators have the form of one")


main()
