import pytest
import shapes


@pytest.mark.parametrize("options", [(), ("--until-stable",), ("--fail-on-alarm",)])
def test_a_fork_says_what_a_process_of_its_own_says(scripts, options):
    scripts.write("train.py", shapes.GAN)
    warm = scripts.run(*options, "train.py")
    scripts.server = None
    cold = scripts.run(*options, "train.py")
    assert "backward 1" in cold.said
    assert warm == cold


def test_input_output_and_the_exit_code_are_those_of_the_script(scripts):
    scripts.write("script.py", "import sys\nprint(input(), sys.argv[1:])\nsys.exit(3)")
    assert scripts.python("script.py", "a", "b", stdin="hello\n")[:2] == (
        3,
        "hello ['a', 'b']\n",
    )
