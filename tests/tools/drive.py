#!/usr/bin/env python3
"""Drives a command as a person at a terminal would; for the tests of axiom.

usage: drive.py signal DELAY[,DELAY ...] SIGNAL COMMAND ...
       drive.py terminal COLUMNS COMMAND ...

signal: runs the command, sends it the signal after each delay (in seconds,
counted from the one before), prints `status=N elapsed=SECONDS` after what it
wrote to standard error. Standard output goes where ours goes.

terminal: runs the command with a terminal of this many columns as its standard
error, prints what it drew there with control characters escaped. The status is
the command's own.
"""

import fcntl
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
import time


def send_signals(delays, name, command):
    number = getattr(signal, name)
    # A shell may have us ignore SIGINT, and a child inherits that.
    signal.signal(number, signal.SIG_DFL)
    start = time.monotonic()
    child = subprocess.Popen(command, stderr=subprocess.PIPE)
    for delay in delays:
        time.sleep(delay)
        child.send_signal(number)
    _, errors = child.communicate()
    elapsed = time.monotonic() - start
    sys.stdout.flush()
    sys.stdout.buffer.write(errors)
    print(f"status={child.returncode} elapsed={elapsed:.3f}")
    return 0


def on_terminal(columns, command):
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    environment = dict(os.environ, TERM="xterm")
    child = subprocess.Popen(
        command, stderr=slave, stdout=subprocess.DEVNULL, env=environment
    )
    os.close(slave)
    drawn = b""
    while True:
        try:
            piece = os.read(master, 65536)
        except OSError:  # EIO: the other end is closed
            break
        if not piece:
            break
        drawn += piece
    print(repr(drawn.decode("utf-8", "replace")))
    return child.wait()


def main():
    if sys.argv[1] == "signal":
        delays = [float(text) for text in sys.argv[2].split(",")]
        return send_signals(delays, sys.argv[3], sys.argv[4:])
    return on_terminal(int(sys.argv[2]), sys.argv[3:])


sys.exit(main())
