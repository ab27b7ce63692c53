"""``python -m harness.bench.plots FILE... --out DIR``: the tables of the benchmark as SVG, one file a question.

Bars are medians of the rounds, with the time until the first reply set apart; whiskers reach from the fastest round to
the slowest. Colours are told apart by readers who see few of them, and every bar says its number.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.bench import questions
from harness.errors import DataError

OURS, LOOPS, OTHERS = "#0072B2", "#8A8A8A", "#E69F00"
NAMES_OF_OURS = ("sightcheck", "suite", questions.PROVEN, "likelihood", "the same again")
TITLES: Mapping[str, str] = {
    "one": "One mode",
    "ladder": "Every mode and rotation",
    "likelihood": "Likelihood or generation",
    "again": "A finished run, asked again",
    "pictures": "Memory with pictures of 12 megapixels",
    "peers": "The same checkpoint and rows",
}


def main(arguments: Sequence[str]) -> int:
    """Draw what is in the files."""
    asked = _parser().parse_args(arguments)
    told = [each for path in asked.files for each in json.loads(Path(path).read_text(encoding="utf-8"))]
    if not told:
        raise DataError(f"{', '.join(asked.files)}: hold no results, but should: run python -m harness.bench first")
    for path in draw(told, Path(asked.out)):
        sys.stdout.write(f"{path}\n")
    return 0


def draw(told: Sequence[Mapping[str, Any]], folder: Path) -> list[Path]:
    """Draw one SVG a question into a folder and return their paths."""
    plt = _pyplot()
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for question in dict.fromkeys(each["question"] for each in told):
        those = [each for each in told if each["question"] == question]
        figure = _memory(plt, those[-1]) if question == "pictures" else _bars(plt, those)
        figure.suptitle(TITLES[question], x=0.01, ha="left", fontsize=12, fontweight="bold")
        figure.text(0.01, 0.005, _caption(those[-1]), fontsize=7, color="#555555")
        paths.append(folder / f"{question}.svg")
        figure.savefig(paths[-1], metadata={"Date": None, "Creator": None})
        plt.close(figure)
    return paths


def _bars(plt: Any, told: Sequence[Mapping[str, Any]]) -> Any:
    """One panel a result, one bar a system."""
    height = 1.1 + 0.34 * max(len(each["systems"]) for each in told)
    figure, panels = plt.subplots(1, len(told), figsize=(8.2, height), squeeze=False, layout="constrained")
    figure.get_layout_engine().set(rect=(0, 0.05, 1, 0.93))
    for panel, each in zip(panels[0], told, strict=True):
        names = list(each["systems"])
        for place, name in enumerate(reversed(names)):
            _bar(panel, place, each, name)
        panel.set_yticks(range(len(names)), [*reversed(names)], fontsize=8)
        panel.set_title(_sizes(each["settings"]), fontsize=8, loc="left", color="#333333")
        panel.set_xlabel("seconds of wall time, start to end", fontsize=8)
        panel.tick_params(axis="x", labelsize=7)
        panel.margins(x=0.22)
        panel.spines[["top", "right"]].set_visible(False)
    return figure


def _bar(panel: Any, place: int, told: Mapping[str, Any], name: str) -> None:
    wall, first = told["medians"][name]["wall"], told["medians"][name]["first"]
    walls = [lap["wall"] for lap in told["systems"][name]]
    colour = OURS if name in NAMES_OF_OURS else LOOPS if "loop" in name else OTHERS
    panel.barh(place, wall, color=colour, height=0.66)
    if 0 < first < wall:
        panel.barh(place, first, color="white", alpha=0.45, height=0.66, hatch="////", edgecolor=colour, linewidth=0)
    panel.plot([min(walls), max(walls)], [place, place], color="black", linewidth=0.8)
    panel.annotate(
        f"{wall:.1f}{_times(told, name)}",
        (max(walls), place),
        xytext=(4, 0),
        textcoords="offset points",
        va="center",
        fontsize=7.5,
    )


def _times(told: Mapping[str, Any], name: str) -> str:
    """The ratio to the fastest of ours, where there is one."""
    found = [r["value"] for r in told["ratios"] if r["slow"] == name and r["figure"] == "wall"]
    return f"  ({found[0]:.1f}x)" if found else ""


def _memory(plt: Any, told: Mapping[str, Any]) -> Any:
    """Memory of the process by replies given."""
    figure, panel = plt.subplots(figsize=(8.2, 2.8), layout="constrained")
    figure.get_layout_engine().set(rect=(0, 0.05, 1, 0.93))
    (laps,) = told["systems"].values()
    seen = laps[-1]["more"]["memory"]
    panel.plot([replies for replies, _ in seen], [held for _, held in seen], color=OURS, linewidth=1.2)
    panel.set_ylim(bottom=0)
    panel.set_xlabel("rows answered", fontsize=8)
    panel.set_ylabel("memory held, MB", fontsize=8)
    panel.tick_params(labelsize=7)
    panel.set_title(
        f"{_sizes(told['settings'])}; the model waited {100 * laps[-1]['waits']:.1f} % of the time",
        fontsize=8,
        loc="left",
        color="#333333",
    )
    panel.spines[["top", "right"]].set_visible(False)
    return figure


def _sizes(settings: Mapping[str, Any]) -> str:
    sizes = f"{settings['rows']} rows, {settings['model']}, batches of {settings['batch']}"
    return f"{sizes}, {settings['tokens']} tokens a reply"


def _caption(told: Mapping[str, Any]) -> str:
    of, settings = told["machine"], told["settings"]
    threads = f"{settings['threads']} thread(s) a process, " if settings["threads"] else ""
    hatched = "; hatched: until the first reply" if told["question"] != "pictures" else ""
    return (
        f"{of['processor']}, {of['cores']} cores, {threads}torch {of['torch']}, transformers {of['transformers']}; "
        f"medians of {settings['rounds']} round(s){hatched}"
    )


def _pyplot() -> Any:
    """Matplotlib without a screen, whose SVG is the same at every call and keeps its text as text."""
    importlib.import_module("matplotlib").use("Agg")
    plt = importlib.import_module("matplotlib.pyplot")
    plt.rcParams.update({"svg.hashsalt": "sightcheck", "svg.fonttype": "none", "font.family": "sans-serif"})
    plt.rcParams.update({"figure.facecolor": "white", "axes.facecolor": "white", "hatch.linewidth": 0.6})
    return plt


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m harness.bench.plots", description="Draw results as SVG.")
    parser.add_argument("files", nargs="+", metavar="FILE", help="JSON of python -m harness.bench")
    parser.add_argument("--out", default="reports/example/plots", metavar="DIR", help="folder of the drawings")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
