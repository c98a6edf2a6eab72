"""The sums in a `.keras` archive: what stands in JSON is compared with them."""

import zipfile

import pytest

import kerasish


@pytest.mark.parametrize("name", ["config.json", "metadata.json"])
def test_a_changed_document_is_noticed(name, tmp_path):
    path = tmp_path / "m.keras"
    layers = [kerasish.Input((2,)), kerasish.layers.Dense(1, name="only")]
    kerasish.Sequential(layers).save(path)
    with zipfile.ZipFile(path) as archive:
        text = archive.read(name)
    old, new = (b"only", b"0nly") if name == "config.json" else (b"3.15", b"3.14")
    content = path.read_bytes()
    assert content.count(text) == 1 and old in text
    path.write_bytes(content.replace(text, text.replace(old, new)))
    with pytest.raises(ValueError, match=f"archive is damaged: '{name}'.*CRC"):
        kerasish.models.load_model(path)
