#!/usr/bin/env python3
"""Parses deploy/images/Dockerfile, carries out its steps without a container engine, and runs both images.

  deploy/images/check.py WARREN      with the program of the build instead of the step that compiles it
  WARREN_BROKER=amqp://…             the agent also serves a call

The steps run in a mount namespace, with folders of this check in place of /srv, and the images in a chroot that can't be written,
as the user that they name. That takes root; without it a line says so, and the check is not run.
"""
import fnmatch
import json
import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def fail(text):
    sys.exit(f"images: {text}")


def parse(path):
    """The stages by name: their base, and their instructions with continued lines joined."""
    text = re.sub(r"(?m)^\s*#.*\n", "", open(path, encoding="utf-8").read()).replace("\\\n", " ")
    stages = {}
    for line in text.splitlines():
        word, _, rest = line.strip().partition(" ")
        if word == "FROM":
            base, name = re.fullmatch(r"(\S+) AS (\S+)", rest).groups()
            stages[name] = {"base": base, "steps": []}
            current = stages[name]["steps"]
        elif word in ("RUN", "COPY", "WORKDIR", "USER", "ENTRYPOINT"):
            current.append((word, rest.strip()))
        elif word:
            fail(f"{word} is an instruction that this check does not know")
    return stages


def is_sent(path):
    """Whether .dockerignore lets a path into the context."""
    sent = True
    for pattern in open(os.path.join(ROOT, ".dockerignore"), encoding="utf-8").read().split("\n"):
        if not pattern or pattern.startswith("#"):
            continue
        parts = path.split("/")
        starts = ["/".join(parts[:count]) for count in range(1, len(parts) + 1)]
        if any(fnmatch.fnmatchcase(start, pattern.lstrip("!")) for start in starts):
            sent = pattern.startswith("!")
    return sent


def check(stages):
    """The rules that need no step."""
    if list(stages) != ["build", "files", "tool", "agent"] or stages["files"]["base"] != "build":
        fail(f"the stages are {list(stages)}")
    for stage in ("build", "files"):
        for word, rest in stages[stage]["steps"]:
            for path in rest.split()[:-1] if word == "COPY" else []:
                if not os.path.exists(os.path.join(ROOT, path)) or not is_sent(path):
                    fail(f"{path} is not in the context of the build")
    programs = {}
    for stage in ("tool", "agent"):
        steps = dict(stages[stage]["steps"])
        if stages[stage]["base"] != "scratch" or set(steps) != {"COPY", "USER", "ENTRYPOINT"}:
            fail(f"{stage} is not the files alone")
        if steps["COPY"] != "--from=files /srv/image /" or not re.fullmatch(r"[1-9]\d*:[1-9]\d*", steps["USER"]):
            fail(f"{stage} has other files, or a user without a number or with all rights")
        programs[stage] = (steps["USER"], json.loads(steps["ENTRYPOINT"]))
    return programs


def run_steps(stages, program, work):
    """Carries out the steps of `files`, with a folder of this check in place of /srv. Returns the folder of the image."""
    os.makedirs(f"{work}/srv/programs")
    shutil.copy(program, f"{work}/srv/programs/warren")
    for word, rest in stages["files"]["steps"]:
        if word == "COPY":
            source, target = rest.split()
            shutil.copy(os.path.join(ROOT, source), work + target)
        else:
            command = ["unshare", "--mount", "bash", "-c", 'mount --bind "$0/srv" /srv && exec sh -c "$1"', work, rest]
            if subprocess.run(command).returncode != 0:
                fail(f"the step {rest} failed")
    return f"{work}/srv/image"


def look(image):
    """No shell, and no file that gives its caller another user's rights."""
    for folder, _, names in os.walk(image):
        for name in names:
            path = os.path.join(folder, name)
            mode = os.lstat(path).st_mode
            if name in ("sh", "bash", "dash", "busybox", "perl", "python3") or mode & (stat.S_ISUID | stat.S_ISGID):
                fail(f"{path.removeprefix(image)} does not belong into the image")


def inside(image, user, words, **options):
    """Starts a program in the image, which can't be written, with a clean environment."""
    mounts = ('mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && mount -t tmpfs none "$0/tmp" '
              '&& { mount --bind /proc "$0/proc" 2>/dev/null || true; } && user=$1 && shift && exec chroot --userspec="$user" "$0" "$@"')
    environment = {key: os.environ[key] for key in ("WARREN_BROKER",) if key in os.environ}
    environment["PATH"] = "/usr/sbin:/usr/bin:/sbin:/bin"
    command = ["unshare", "--mount", "bash", "-c", mounts, image, user, *words]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)


def said(process, status):
    text = process.communicate(timeout=60)[0]
    if process.returncode != status:
        fail(f"{process.args[-2:]} ended with {process.returncode}: {text}")
    return text


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    stages = parse(os.path.join(ROOT, "deploy/images/Dockerfile"))
    programs = check(stages)
    probe = subprocess.run(["unshare", "--mount", "true"], stderr=subprocess.DEVNULL).returncode
    if os.geteuid() != 0 or probe != 0:
        return print("images: the Dockerfile is well-formed; its steps were not run: they need root and mount namespaces")
    with tempfile.TemporaryDirectory() as work:
        image = run_steps(stages, sys.argv[1], work)
        os.makedirs(f"{image}/proc", exist_ok=True)
        look(image)
        user, tool = programs["tool"]
        version = said(inside(image, user, [*tool, "--version"]), 0).strip()
        nowhere = ["doctor", "--probe", "--broker", "amqp://guest:guest@127.0.0.1:1"]
        said(inside(image, user, [*tool, *nowhere]), 3)
        if "WARREN_BROKER" in os.environ:
            user, agent = programs["agent"]
            process = inside(image, user, [*agent, "echo"])
            name = process.stdout.readline().strip()
            answer = said(inside(image, user, [*tool, "call", name, "echo", "7"]), 0).strip()
            process.terminate()
            said(process, 0)
            if answer != "7":
                fail(f"the agent answered {answer!r}")
        size = sum(os.lstat(os.path.join(folder, name)).st_size for folder, _, names in os.walk(image) for name in names)
        files = sum(len(names) for _, _, names in os.walk(image))
        print(f"images: {version} runs in an image of {files} files, {size >> 20} MiB, without a shell")


main()
