"""The file that Python runs at start-up."""


def test_an_environment_with_a_start_up_file_of_its_own_keeps_it(scripts):
    scripts.write(
        "own/sitecustomize.py", "import builtins\nbuiltins.started = __name__, __file__\n"
    )
    scripts.write("look.py", "import sys\nprint(started, sys.modules['sitecustomize'].__file__)\n")
    own = {"PYTHONPATH": str(scripts.folder / "own")}
    plain, watched = scripts.python("look.py", **own), scripts.run("look.py", **own)
    assert (watched.code, watched.out) == (plain.code, plain.out)
