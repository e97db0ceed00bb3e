"""The smallest typer program there is, for what a start costs at least."""

from __future__ import annotations

import typer

app = typer.Typer()


@app.command()
def report(budget: str = "100M") -> None:
    """Answer a question."""
    typer.echo(budget)


if __name__ == "__main__":
    app()
