"""What is packed and unpacked is handed over as it is."""

from edited import edited

from gradviz.mending.edits.round_trips import handed_over, not_read_back


def test_packing_and_unpacking_go_all_through_a_file():
    text = "def send(h):\n    return pickle.dumps((h, 1))\ndef receive(job):\n    return pickle.loads(job)\n"
    assert edited(handed_over, text, 2, "new_tensor")[0] == (
        "def send(h):\n    return ((h, 1))\ndef receive(job):\n    return job\n"
    )


def test_of_a_capsule_the_detach_goes_too():
    text = "h = from_dlpack(to_dlpack(layer(x).detach()))\n"
    assert edited(handed_over, text, 1, "detach")[1] == "h = layer(x)\n"


def test_what_is_loaded_from_a_buffer_is_what_was_saved():
    text = "torch.save(layer(x), file)\nfile.seek(0)\nh = torch.load(file)\n"
    assert edited(not_read_back, text, 1, "new_tensor") == [
        "torch.save(saved := layer(x), file)\nfile.seek(0)\nh = saved\n"
    ]
    named = "torch.save(h, 'h.pt')\nk = torch.load('h.pt')\n"
    assert edited(not_read_back, named, 1, "new_tensor") == ["torch.save(h, 'h.pt')\nk = h\n"]


def test_what_is_loaded_from_elsewhere_and_text_that_is_only_written_stay():
    assert edited(not_read_back, "torch.save(h, a)\nk = torch.load(b)\n", 1, "new_tensor") == []
    assert edited(handed_over, "h = layer(x).detach()\n") == []
    text = "print(json.dumps(log))\nh = pickle.loads(pickle.dumps(h))\n"
    assert edited(handed_over, text, 2, "new_tensor")[0] == "print(json.dumps(log))\nh = h\n"
