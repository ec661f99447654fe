"""`ctvos config`: the settings of the service."""

import os

from rich.table import Table

from ctvos_cli.progress import new_console
from ctvos_cli.settings import DataDir, settings_from


def config(data_dir: DataDir = None) -> None:
    """Show every setting, its value, and where the value comes from; secrets stay hidden."""
    given = {name for name, value in os.environ.items() if value}
    settings = settings_from(data_dir=data_dir)

    from ctvos_jobs.settings import ENV_PREFIX

    table = Table("setting", "value", "source", box=None, pad_edge=False)
    for name, value in settings.public().items():
        variable = ENV_PREFIX + name.upper()
        if variable in given:
            source = variable
        else:
            source = "--data-dir" if name == "data_dir" and data_dir else "default"
        table.add_row(name, value, source)
    new_console().print(table, markup=False, soft_wrap=True)
