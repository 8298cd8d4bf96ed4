"""Whether a value that left torch ends where people alone read it, by the source."""

import pytest

from gradviz.recording.reading.nowhere import goes_nowhere

ENDS = [
    "x.item()",
    "print(x.item())",
    "log.info('%s', x.item())",
    "bar.set_postfix(loss=x.item())",
    "y = 2 * x.item()\n    print(f'{y:.2f}')",
    "if x.item() > 0: print('high')",
    "if x.item() > 0: raise ValueError",
    "assert x.item() > 0",
    "rows = []\n    rows.append(x.item())\n    print(sum(rows) / len(rows))",
    "total = 0.0\n    total += x.item()\n    print(total)",
    "note = {}\n    note['a'] = x.item()",
    "for v in [x.item()]: print(v)",
    "show(x.item())",
    "show(value=x.item())",
    "print(math.log(x.item()))",
    "print([v + 1 for v in [x.item()] if v > 0])",
    "board.add_image('a', x.item())",
    "rows = []\n    rows.append(x.item())\n    plt.plot(rows)",
    "picture = Image.fromarray(x.item())\n    picture.save('a.png', format='png')",
    "Image.fromarray(x.item()).show()",
    "best = 0\n    best = x.item() if x.item() > best else best\n    print(best)",
]
GOES_ON = [
    "return x.item()",
    "g(x.item())",
    "self.a = x.item()",
    "given.append(x.item())",
    "given += [x.item()]",
    "rows = given\n    rows.append(x.item())",
    "rows = [0]\n    given['a'] = rows\n    rows[0] = x.item()",
    "global y\n    y = x.item()",
    "print(x.item(), file=given)",
    "if x.item() > 0: g()",
    "while x.item() > 0: g()",
    "x.item() > 0 and g()",
    "g() if x.item() > 0 else None",
    "y = x.item()\n    def inner(a=y): return a",
    "y = x.item()\n    return lambda: y",
    "y = x.item()\n    print(locals())",
    "y = given[int(x.item())]\n    return y",
    "math.log.at(x.item())",
    "np.random.seed(int(x.item()))",
    "np.save('a', x.item())",
    "given.save(x.item())",
    "lines = plt.plot(x.item())\n    return lines",
    "picture = Image.fromarray(x.item())\n    return picture",
    "picture = Image.fromarray(x.item())\n    y = picture.save('a.png')\n    return y",
    "picture = Image.fromarray(x.item())\n    given(picture.save)",
    "keep(x.item())",
    "try: assert x.item() > 0\n    except AssertionError: g()",
    "for v in [x.item()]:\n        if v: break",
    "print([g(v) for v in [x.item()]])",
    "with open(f'{x.item()}') as file: g()",
    "yield x.item()",
    "log.log(x.item())\n    def log(v): given.append(v)",
]


def file_of(program, body):
    return program(
        "import math\ndef show(value):\n    print(value)\ndef keep(value):\n    given.append(value)\n"
        f"def f(self, x, given, g):\n    {body}\n"
    )


@pytest.mark.parametrize("body", ENDS)
def test_what_people_alone_read_goes_nowhere(program, body):
    assert goes_nowhere(*file_of(program, body).at("f", "x.item()"))


@pytest.mark.parametrize("body", GOES_ON)
def test_what_is_kept_or_chooses_what_runs_may_come_back(program, body):
    file = file_of(program, body)
    assert not goes_nowhere(*file.at("f", "x.item()"))


def test_a_place_without_source_may_lead_anywhere():
    code = compile("x.item()", "<nothing>", "exec")
    assert not goes_nowhere(code, 0)
