"""What several commands take is the same everywhere, and a word that is none is answered."""

from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from gradviz.commands.options import OneOf, example_line, output_options
from gradviz.render.formats import FORMATS


@click.command()
@output_options
def command(**options):
    click.echo(repr(options))


def test_the_help_of_the_output_names_every_format():
    text = CliRunner().invoke(command, ["--help"]).output
    assert all(ending in text.split() or f"{ending}," in text.split() for ending in FORMATS)


@pytest.mark.parametrize("page", ["README.md", "docs/reference/command-line.md"])
def test_the_pages_name_every_format_in_one_line(page):
    lines = (Path(__file__).parents[2] / page).read_text(encoding="utf-8").splitlines()
    assert any(all(ending in line for ending in FORMATS) for line in lines)


def test_parts_of_a_view_are_handed_on_as_one():
    result = CliRunner().invoke(
        command, ["--budget", "7", "--depth", "2", "--open", "a.*", "--open", "b", "--transparent"]
    )
    assert "budget=7, depth=2, open=('a.*', 'b')" in result.output
    assert "transparent=True" in result.output
    assert "'patterns'" not in result.output


def test_a_second_file_is_refused_where_a_command_writes_one():
    result = CliRunner().invoke(command, ["-o", "a.svg", "-o", "b.html"])
    assert result.exit_code == 2
    assert "-o names one file here, and was given a.svg and b.html" in result.output


@pytest.mark.parametrize("options", [["--budget", "0"], ["--depth", "-1"]])
def test_what_is_out_of_range_is_refused(options):
    assert CliRunner().invoke(command, options).exit_code == 2


def test_an_unknown_word_is_answered_with_the_one_that_was_likely_meant():
    words = OneOf("engine", ("auto", "dot"))
    assert words.convert("dot", None, None) == "dot"
    with pytest.raises(click.UsageError, match=r"choose from auto, dot; did you mean dot\?"):
        words.convert("dott", None, None)
    with pytest.raises(click.UsageError, match=r"choose from auto, dot\)"):
        words.convert("zzz", None, None)


def test_an_example_is_a_whole_command():
    assert example_line("draw a.json") == "Example: gradviz draw a.json"
