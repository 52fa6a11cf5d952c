"""The commands of `./tumbuh`, one module each: `add_arguments(parser)`, `run(arguments) -> exit code`."""
