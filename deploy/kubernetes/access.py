#!/usr/bin/env python3
"""Turns the output of `warren topology --format definitions` into resources of RabbitMQ's Messaging Topology Operator.

  warren topology --format definitions --grant bank=agent-service --grant till=user --grant ops=operator \
      | ./access.py > access.yaml

Permissions name the queues of their broker user by a hash of its name, so they are made, not written. Exchanges and queues
are left out: a program with the role operator makes them. Each broker user needs a secret NAME-login with the keys username
and password.
"""
import json
import re
import sys

NAMESPACE, CLUSTER = "shop", "broker"
HEAD = """\
# Virtual host, broker users, permissions and policy, by the Messaging Topology Operator. Made by access.py: see there for the
# names of others. permissions are regular expressions for names of objects; those of a topic exchange are for routing keys.
# The password of each user is in a secret, made beforehand:
#   kubectl -n shop create secret generic bank-login --from-literal=username=bank --from-literal=password="$(openssl rand -hex 24)"
"""


def name(*parts):
    """A name that Kubernetes takes."""
    return re.sub(r"[^a-z0-9-]+", "-", "-".join(parts).lower()).strip("-")


def resource(kind, label, spec):
    """One document. A text in JSON is a text in YAML."""
    spec = {**spec, "rabbitmqClusterReference": {"name": CLUSTER}}
    lines = ["---", "apiVersion: rabbitmq.com/v1beta1", f"kind: {kind}", "metadata:"]
    lines += [f"  name: {label}", f"  namespace: {NAMESPACE}", "spec:"]
    for key, value in spec.items():
        if isinstance(value, dict):
            lines += [f"  {key}:"] + [f"    {inner}: {json.dumps(text)}" for inner, text in value.items()]
        else:
            lines.append(f"  {key}: {json.dumps(value)}")
    return "\n".join(lines) + "\n"


def main():
    found = json.load(sys.stdin)
    sys.stdout.write(HEAD)
    out = lambda *arguments: sys.stdout.write(resource(*arguments))
    for host in found["vhosts"]:
        out("Vhost", name("vhost", host["name"]), {"name": host["name"]})
    for user in found["users"]:
        login = {"name": name(user["name"], "login")}
        out("User", name(user["name"]), {"tags": user["tags"], "importCredentialsSecret": login})
    for one in found["permissions"]:
        keys = {key: one[key] for key in ("configure", "write", "read")}
        out("Permission", name(one["user"]), {"vhost": one["vhost"], "user": one["user"], "permissions": keys})
    for one in found["topic_permissions"]:
        keys = {key: one[key] for key in ("exchange", "write", "read")}
        label = name(one["user"], one["exchange"].split(".")[-1])
        out("TopicPermission", label, {"vhost": one["vhost"], "user": one["user"], "permissions": keys})
    for one in found["policies"]:
        keys = {"name": one["name"], "vhost": one["vhost"], "pattern": one["pattern"], "applyTo": one["apply-to"]}
        out("Policy", name(one["name"]), {**keys, "priority": one["priority"], "definition": one["definition"]})


main()
