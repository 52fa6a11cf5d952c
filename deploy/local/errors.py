"""What a command may end with, and the exit code each means (interfaces: 1 not true, 2 missing, 3 refused)."""

from __future__ import annotations


class CommandError(Exception):
    """Ends the command with `exit_code`; the message is for the person at the terminal."""

    exit_code = 1


class MissingError(CommandError):
    """Something has to be there first; the message carries the remedy."""

    exit_code = 2


class RefusedError(CommandError):
    """The input was refused or the work was stopped."""

    exit_code = 3


class StartError(CommandError):
    """A process did not become ready; the message carries the end of its log."""
