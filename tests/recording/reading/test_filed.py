"""What is written into a file that no file of the user's may read again goes nowhere."""

import pytest

from gradviz.recording.reading import filed, readers
from gradviz.recording.reading.nowhere import goes_nowhere

WRITTEN = [
    "np.save('a.npy', x.item())",
    "np.savez('a.npz', a=x.item())",
    "with open('a.json', 'w') as f:\n        json.dump({'a': x.item()}, f)",
    "with open('a.txt', 'a') as f: f.write(f'{x.item():.2f}')",
    "rows = csv.writer(open('a.csv', mode='w'))\n    rows.writerow([x.item()])",
    "path.write_text(str(x.item()))\n    torch.load(given)",
    "np.save('a.npy', x.item())\n    for batch in DataLoader(given): torch.from_numpy(batch)",
]
READ_AGAIN = [
    "np.save('a.npy', x.item())\n    return np.load('a.npy')",
    "np.savetxt('a.txt', x.item())\n    return np.genfromtxt('a.txt')",
    "with open('a.json', 'w') as f:\n        json.dump(x.item(), f)\n    return json.load(given)",
    "path.write_text(str(x.item()))\n    return path.read_text()",
    "f = open('a.txt', 'w')\n    f.write(str(x.item()))\n    return list(open('a.txt'))",
    "f = open('a.txt', 'w+')\n    f.write(str(x.item()))\n    return list(f)",
    "f = open('a.txt', 'w')\n    f.write('1' * x.item())\n    return os.path.getsize('a.txt')",
    "f = open('a.py', 'w')\n    f.write(str(x.item()))\n    sys.path.append('.')",
    "given.write(x.item())",
    "with open('a.json', 'w') as f:\n        json.dump(x.item(), f)\n    return A.from_pretrained('.')",
    "f = io.StringIO()\n    f.write(x.item())",
    "f = np.save('a.npy', x.item())",
]


@pytest.fixture
def judged(program, monkeypatch):
    """Whether what leaves in a program of one file was seen to go nowhere."""

    def judge(body):
        file = program(f"def f(x, given, net, path):\n    {body}\n")
        code, lasti = file.at("f", "x.item()")
        monkeypatch.setattr(filed, "user_files", lambda: {code.co_filename})
        readers.may_read.cache_clear()
        return goes_nowhere(code, lasti)

    return judge


@pytest.mark.parametrize("body", WRITTEN)
def test_a_file_that_nobody_reads_holds_nothing_that_comes_back(judged, body):
    assert judged(body)


@pytest.mark.parametrize("body", READ_AGAIN)
def test_what_may_be_read_again_may_come_back(judged, body):
    assert not judged(body)
