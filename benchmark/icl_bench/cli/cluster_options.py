"""The options that verbs share whose work may be done by jobs of a cluster."""

from enum import StrEnum
from typing import Annotated

import typer

_PANEL = "On a cluster"


class Engine(StrEnum):
    """What does the work."""

    local = "local"  # processes of this machine
    slurm = "slurm"


On = Annotated[
    Engine,
    typer.Option(help="This machine, or jobs of Slurm: submits and ends.", rich_help_panel=_PANEL),
]
CellsPerJob = Annotated[
    int,
    typer.Option(min=1, help="Cells that a job does one after the other.", rich_help_panel=_PANEL),
]
Time = Annotated[
    str,
    typer.Option(
        help="Limit of a job, as 1:30:00; at its end it is queued again, and goes on.", rich_help_panel=_PANEL
    ),
]
Memory = Annotated[str, typer.Option(help="Of a job, as 500M or 4G.", rich_help_panel=_PANEL)]
Gpus = Annotated[int, typer.Option(min=0, help="Of a job.", rich_help_panel=_PANEL)]
Partition = Annotated[
    str | None, typer.Option(help="Of Slurm.", show_default="the cluster's", rich_help_panel=_PANEL)
]
Sbatch = Annotated[
    list[str] | None,
    typer.Option(
        metavar="KEY=VALUE",
        help="Another option of sbatch, as account=my-lab; may be given again.",
        show_default="none",
        rich_help_panel=_PANEL,
    ),
]
PrintScript = Annotated[
    bool,
    typer.Option("--print", help="Print a script for sbatch; submit nothing.", rich_help_panel=_PANEL),
]
Status = Annotated[
    bool,
    typer.Option(
        "--status",
        help="Say what is done, running, waiting and failed of what was submitted.",
        rich_help_panel=_PANEL,
    ),
]
ShardOption = Annotated[
    str | None,
    typer.Option(
        "--shard",
        metavar="I/N",
        help="Do here part I of N, from 0; auto/N reads I from the variables of Slurm, PBS or SGE.",
        show_default="all",
        rich_help_panel=_PANEL,
    ),
]
