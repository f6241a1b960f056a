"""A plugin of pytest: AutoGen's tests get warren-autogen-host, a process, in place of AutoGen's host."""

import os
import subprocess

import autogen_ext.runtimes.grpc


class Host:
    """Has the calls of AutoGen's GrpcWorkerAgentRuntimeHost."""

    def __init__(self, address="127.0.0.1:0", extra_grpc_config=None, options=()):
        self.address = address
        self.options = list(options)
        for name, value in extra_grpc_config or []:
            if name == "grpc.max_receive_message_length":
                self.options += ["--max-message", f"{value}B" if value < 1 << 20 else f"{-(-value >> 20)}MiB"]
        self.process = None

    def start(self):
        command = [os.environ["HOST"], "--listen", self.address, *self.options]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        if " listens on " not in line:
            raise RuntimeError(f"the host did not start: {line}")
        self.address = line.split(" listens on ")[1].split()[0]

    async def stop(self, grace=5):
        self.process.terminate()
        self.process.wait(timeout=15)


autogen_ext.runtimes.grpc.GrpcWorkerAgentRuntimeHost = Host
