"""Whether a value that left torch ends where people alone read it, by the source."""

import pytest

from gradviz.recording.reading.nowhere import goes_nowhere, may_go_nowhere

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
    "given.get(x.item())",
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
FORMS = [
    "rows = x.tolist()\n    return len(rows) * len(rows[0])",
    "rows = x.numpy()\n    return np.zeros(rows.shape) + np.ones_like(rows)",
    "rows = x.detach().numpy()\n    return np.size(rows) / rows[2:].nbytes",
    "return x.untyped_storage().nbytes()",
    "return memoryview(x.numpy()).nbytes",
    "raw = x.numpy().tobytes()\n    return len(raw)",
    "self.lies = isinstance(x.item(), float)",
    "seen = {x.data_ptr(): given}\n    return seen[given]",
    "made = {}\n    made[x.data_ptr(), 1] = g\n    return made.get(x.data_ptr())",
    "key = (x.data_ptr(), 1)\n    made = dict()\n    return made[key]",
    "self.made = {}\n    return self.made.setdefault(x.data_ptr(), given)",
    "seen = set()\n    seen.add(x.data_ptr())\n    return x.data_ptr() in seen",
    "print(np.maximum(x.numpy(), given), np.exp(x.numpy()), np.mean(x.numpy(), 0))",
    "y = x.numpy()\n    print(y.sum(0), y.round(2), np.clip(y, 0, given))",
    "return x.data_ptr() == given",
    "return len({x.untyped_storage().data_ptr()})",
]
OF_NUMBERS = [
    "return len(set(x.tolist()))",
    "seen = frozenset(x.numpy())\n    return len(seen)",
    "rows = x.tolist()\n    return len(bytes(rows[0]))",
    "return sys.getsizeof(x.item())",
    "seen = set()\n    seen.add(x.numpy().tobytes())\n    return len(seen)",
    "return given.add(x.data_ptr(), 1)",
    "return given[x.data_ptr()]",
    "return x.data_ptr() in given",
    "made = given()\n    return made.get(x.data_ptr())",
    "seen = set()\n    seen.add(x.data_ptr())\n    return g(seen)",
    "seen = {x.data_ptr(): given}\n    return seen",
    "y = x.numpy()\n    np.multiply(y, 2.0, given)",
    "y = x.numpy()\n    np.exp(y * 2, given)",
    "y = x.numpy()\n    y.mean(0, None, given)",
    "y = x.numpy()\n    y.sum(out=given)",
    "np.fill_diagonal(given, x.item())",
    "def inner(type):\n        return type(x.item())\n    return inner",
    "rows = x.numpy()\n    rows = rows[rows > 0]\n    return len(rows)",
    "rows = x.numpy()\n    return len(rows[:given])",
    "rows = x.numpy()\n    return np.unique(rows).size",
    "return len([v for v in x.tolist() if v > 0])",
    "rows = x.tolist()\n    rows.remove(given)\n    return len(rows)",
    "kept = []\n    kept.append(x.item())\n    return len(kept)",
    "return g(x.data_ptr())",
    "return x.untyped_storage()",
    "key = x.data_ptr()\n    return [key]",
    "return ctypes.string_at(given[x.data_ptr()])",
    "return x.untyped_storage().tolist()",
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


@pytest.mark.parametrize("body", FORMS)
def test_its_form_and_its_address_have_none_of_its_numbers(program, body):
    assert all(goes_nowhere(*place) for place in exits(program, body))


@pytest.mark.parametrize("body", OF_NUMBERS)
def test_a_form_that_the_numbers_chose_and_an_address_that_is_read_may_come_back(program, body):
    assert not all(goes_nowhere(*place) for place in exits(program, body))


@pytest.mark.parametrize(
    ("body", "may"),
    [
        ("return given[x.data_ptr()]", True),
        ("key = x.data_ptr()\n    return given.get(key)", True),
        ("return given.read(x.data_ptr())", False),
        ("return given[x.item()]", False),
    ],
)
def test_whatever_gets_an_address_as_a_key_may_only_look_it_up(program, body, may):
    places = exits(program, body)
    assert [may_go_nowhere(*place) for place in places] == [may]
    assert not any(goes_nowhere(*place) for place in places)


def exits(program, body):
    """Return by which instructions a value leaves torch."""
    calls = "x.item() x.tolist() x.numpy() x.detach().numpy() x.data_ptr() x.untyped_storage()"
    file = file_of(program, body)
    return [file.at("f", call) for call in calls.split() if call in body]


def test_a_place_without_source_may_lead_anywhere():
    code = compile("x.item()", "<nothing>", "exec")
    assert not goes_nowhere(code, 0)
