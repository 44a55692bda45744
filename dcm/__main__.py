"""``python -m dcm`` is the ``dcm`` command."""

from dcm.commands.cli import main

main(prog_name="dcm")
