"""The commands; each one hands its arguments on and leaves with an exit code."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperCommand

from gradcheck import __version__
from gradcheck.bench_report import report_command, spell_out_md
from gradcheck.cli._exit import Exit, exit_code, worst
from gradcheck.cli._files import read_reports
from gradcheck.cli._files import save as save_report
from gradcheck.cli._judge import Answer, Judged, judge_all
from gradcheck.cli._show import Format, Shown, progress, show
from gradcheck.cli._target import Target
from gradcheck.config import load as load_settings
from gradcheck.differentiate._errors import UsageError
from gradcheck.report import to_html

__all__ = ["app"]

app = typer.Typer(
    help="Tell whether a claimed derivative is right, wrong or undecidable, how sure that is, and where and why.",
    epilog="Exit codes: 0 pass, 1 fail, 2 usage, 3 inconclusive only, 4 internal error, 5 nothing checked. "
    "--debug, anywhere, shows tracebacks.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)

Seed = Annotated[int | None, typer.Option(min=0, help="Seed of the random directions. [default: 0]")]
Resolution = Annotated[
    float | None,
    typer.Option(
        help="The relative mistake that must be caught for a pass. [default: 1e-4; 1e-2 in float32]"
    ),
]
Coverage = Annotated[
    str | None,
    typer.Option(metavar="auto|probe|full", help="Small arrays entirely, directions only, or every entry."),
]
Explore = Annotated[int | None, typer.Option(min=0, help="How many further points to derive and try.")]
Form = Annotated[Format, typer.Option("--format", "-f", help="How results are written to stdout.")]
Html = Annotated[Path | None, typer.Option(metavar="PATH", help="Also write one offline HTML page.")]
Save = Annotated[bool, typer.Option("--save", help="Save each report as JSON, for `gradcheck replay`.")]
Folder = Annotated[Path | None, typer.Option("--report-dir", metavar="DIR", help="Where --save writes.")]


def _version(wanted: bool) -> None:
    if wanted:
        print(f"gradcheck {__version__}")
        raise typer.Exit


@app.callback()
def top(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and leave.")
    ] = False,
) -> None:
    """Options that stand before a command."""


@app.command()
def check(
    target: Annotated[str, typer.Argument(help="`module:object` or `path/to/file.py:object`.")],
    seed: Seed = None,
    resolution: Resolution = None,
    coverage: Coverage = None,
    explore: Explore = None,
    form: Form = Format.TEXT,
    html: Html = None,
    save: Save = False,
    report_dir: Folder = None,
) -> None:
    """Judge what a module holds.

    The object is a `gradcheck.Claim`, a tuple `(f, grad, inputs)`, a subject of `gradcheck.conformance`, or a
    list of them. In `layers.py`:

        square = Claim("grad", (f, grad_f), lambda: np.ones(3))

    Then: `gradcheck check layers:square`
    """
    options = _given(seed=seed, resolution=resolution, coverage=coverage, explore=explore)
    answers = _judged([Target.parse(target)], options)
    _conclude(answers, form, html, _folder(save, report_dir), as_list=len(answers) != 1)


@app.command()
def run(
    jobs: Annotated[int | None, typer.Option(min=1, help="How many targets at the same time.")] = None,
    seed: Seed = None,
    resolution: Resolution = None,
    coverage: Coverage = None,
    explore: Explore = None,
    form: Form = Format.TEXT,
    html: Html = None,
    save: Save = False,
    report_dir: Folder = None,
) -> None:
    """Judge the targets of `[tool.gradcheck]` in pyproject.toml.

    For example:

        [tool.gradcheck]
        targets = ["layers:claims", "tests/kernels.py:softmax"]
        jobs = 4
    """
    settings = load_settings(Path.cwd())
    options = _given(seed=seed, resolution=resolution, coverage=coverage, explore=explore)
    if seed is None and settings.seed is not None:
        options["seed"] = settings.seed
    targets = [Target.parse(each) for each in settings.targets]
    answers = _judged(targets, options, jobs or settings.jobs)
    _conclude(answers, form, html, _folder(save, report_dir), as_list=True)


@app.command()
def replay(
    report: Annotated[Path, typer.Argument(help="A report that `--save` or `--format json` wrote.")],
    target: Annotated[str | None, typer.Argument(help="Where the claim is now, if not where it was.")] = None,
    form: Form = Format.TEXT,
    html: Html = None,
) -> None:
    """Judge again what a report is about, with its seed, its options and the inputs that showed the mistake.

    The file is JSON; nothing in it is evaluated. The claim is imported from where the report says it was.
    """
    from gradcheck.cli._replay import is_test, replay, replay_tests

    reports = read_reports(report)
    tests = [each for each in reports if is_test(each) and not target]
    with progress() as update:
        results = [replay(each, target, update) for each in reports if each not in tests]
    codes = replay_tests(tests)
    if results or not tests:
        codes.append(_finish(results, form, html, None, as_list=len(results) != 1))
    raise typer.Exit(worst(codes))


@app.command()
def explain(
    word: Annotated[
        str | None, typer.Argument(metavar="[CODE]", help="A word of a report, `factor` say.")
    ] = None,
) -> None:
    """Say what a word in a report means, where it usually comes from, and what to do; without a word, list them."""
    from gradcheck.cli._explain import find, index

    lines = index() if word is None else find(word)
    print("\n".join(lines) if word is None else "\n\n".join(lines))


@app.command()
def init(
    module: Annotated[str, typer.Argument(help="`package.module` or `path/to/file.py`.")],
    output: Annotated[Path | None, typer.Option(metavar="PATH", help="The test file to write.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it exists.")] = False,
) -> None:
    """Write a test file for the functions of a module whose names say that they are derivatives.

    Found are `forward` and `backward`, `x_forward` and `x_backward`, `f` and `grad_f`, `f_grad`, `f_prime`,
    `df`, `f_vjp`, `f_jvp`, `f_jacobian`, `f_hessian`, and classes with the methods `forward` and `backward`.
    They are called with small random arrays to find inputs that they accept.
    """
    from gradcheck.cli._init import default_path, fits_of, source, write

    name, root, fits = fits_of(module)
    if not fits:
        typer.echo(f"gradcheck: {name} has no function whose name says that it is a derivative", err=True)
        raise typer.Exit(Exit.NOTHING)
    path = output or default_path(name)
    write(path, source(name, fits, path, root), force=force)
    for each in fits:
        open_point = "" if each.shapes is not None else " (write its inputs)"
        print(f"  {each.pair.derivative}{open_point}")
    print(f"wrote {path}: run it with pytest {path}")


@app.command()
def table(
    target: Annotated[str, typer.Argument(help="A subject of `gradcheck.conformance`, or a list of them.")],
    seed: Annotated[int, typer.Option(min=0, help="Seed of the examples, the cotangents and the judge.")] = 0,
    expected: Annotated[
        Path | None, typer.Option("--expected", metavar="PATH", help="Known failures, a TOML file.")
    ] = None,
) -> None:
    """Print which checks of the conformance kit a library passes, as a Markdown table.

    Exit code 1 if a check fails that is not expected to.
    """
    from gradcheck.cli._kit import library_of
    from gradcheck.conformance import to_markdown_table

    conformance = library_of(Target.parse(target), expected, seed)
    print(to_markdown_table(conformance))
    raise typer.Exit(Exit.PASS if conformance else Exit.FAIL if conformance.outcomes else Exit.NOTHING)


@app.command()
def demo(
    seed: Annotated[int, typer.Option(min=0, help="Seed of the split, the weights and the checks.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing if all is well.")] = False,
    output: Annotated[Path, typer.Option(metavar="DIR", help="Where the JSON and HTML reports go.")] = Path(
        "gradcheck-demo"
    ),
    compare_activations: Annotated[
        bool,
        typer.Option("--compare-activations", help="Also train with every activation on three data sets."),
    ] = False,
) -> None:
    """Check a real network while it learns, plant mistakes in its gradients, and show that each is caught."""
    from gradcheck.demo import run_demo

    result = run_demo(
        seed=seed, output=output, as_json=as_json, quiet=quiet, compare_activations=compare_activations
    )
    raise typer.Exit(result.exit_code)


class _OptionalMd(TyperCommand):
    """A command whose `--md` may stand without a path, which Typer's own options cannot."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        return super().parse_args(ctx, spell_out_md(args))


@app.command("bench-report", cls=_OptionalMd)
def bench_report(
    results: Annotated[Path, typer.Argument(help="JSON of `pytest --benchmark-json`, of any project.")],
    baseline: Annotated[
        Path | None, typer.Option(metavar="PATH", help="An earlier run to compare with.")
    ] = None,
    html: Html = None,
    md: Annotated[
        str | None,
        typer.Option(metavar="[PATH]", help="Markdown for a CI summary; to stdout without a path."),
    ] = None,
    fail_above: Annotated[
        float | None,
        typer.Option(metavar="RATIO", help="Leave with 1 where a median is so many times the baseline's."),
    ] = None,
) -> None:
    """Report on benchmarks: tables of ratios, scaling plots, a comparison with a baseline that knows its spread.

    `[tool.gradcheck.bench]` in pyproject.toml holds the limits: `fail-above = 1.3` for every group, `core = 1.1` for
    one, and in `[tool.gradcheck.bench.core]` also its `reference` and the `ratios` to it that may not be exceeded.
    """
    text, exceeded = report_command(results, baseline, html, md, fail_above)
    print(text, end="")
    raise typer.Exit(Exit.FAIL if exceeded else Exit.PASS)


def _given(**options: Any) -> dict[str, Any]:
    """The options that the user gave; a claim's own hold for the others."""
    return {name: value for name, value in options.items() if value is not None}


def _folder(save: bool, folder: Path | None) -> Path | None:
    if not save:
        if folder is not None:
            raise UsageError(
                f"--report-dir {folder}", "without --save nothing is written there", "add --save"
            )
        return None
    return folder or Path(load_settings(Path.cwd()).report_dir)


def _judged(targets: list[Target], options: dict[str, Any], jobs: int = 1) -> list[Answer]:
    with progress() as update:
        return [each for answers in judge_all(targets, options, update, jobs=jobs) for each in answers]


def _conclude(
    answers: Sequence[Answer], form: Format, html: Path | None, folder: Path | None, *, as_list: bool
) -> NoReturn:
    """Show what was judged, then say what could not be; leave with the exit code."""
    results = [each for each in answers if isinstance(each, Judged)]
    troubles = [each for each in answers if not isinstance(each, Judged)]
    if results or not troubles:
        code = _finish(results, form, html, folder, as_list=as_list)
    for each in troubles[:-1]:
        typer.echo(f"gradcheck: {each}", err=True)
    if troubles:
        raise troubles[-1]
    raise typer.Exit(code)


def _finish(
    results: Sequence[Judged], form: Format, html: Path | None, folder: Path | None, *, as_list: bool
) -> Exit:
    """Save and show; the exit code that the verdicts come to."""
    if not results:
        typer.echo("gradcheck: nothing was checked: name at least one claim", err=True)
    shown = [Shown(each, save_report(each.report, folder) if folder else None) for each in results]
    if html is not None:
        named = {f"{place}. {each.report.subject}": each.report for place, each in enumerate(results, 1)}
        to_html(named, html)
        typer.echo(f"gradcheck: wrote {html}", err=True)
    if results or form is Format.JSON:
        show(shown, form, as_list=as_list)
    return exit_code(each.report.verdict for each in results)
