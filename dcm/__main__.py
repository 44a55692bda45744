"""``python -m dcm`` is the ``dcm`` command."""

from dcm.cli import main

main(prog_name="dcm")
