"""Released flow images: both layouts, their naming quirks, bad input, and the scale that is won back."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import yaml

import mer
from mer.config.catalogue import conf_dir
from mer.dataset.flow_images import FlowImages
from mer.dataset.flow_images.clip import FlowImageClip, mean_strain_correlation, read_channels
from mer.dataset.flow_images.scale import FlowScale, strain_correlation
from mer.errors import ConfigError, DataError
from mer.geometry.strain import optical_strain
from mer.types import Float32, Manifest

SETTINGS = {
    key: value
    for key, value in yaml.safe_load((conf_dir() / "dataset" / "flow_images.yaml").read_text(encoding="utf-8")).items()
    if key not in ("_target_", "defaults")
}
HEADER = "dataset,sub,filename_o,label,apex,imagename,sub_filename"
SCALE = FlowScale(zero="median", ratio="strain", ratio_range=(0.125, 8.0), ratio_steps=33)


def dataset(root: Path | str | None, **fields: Any) -> FlowImages:
    return FlowImages(**{**SETTINGS, "root": str(root) if root is not None else None, **fields})


def write_image(path: Path, seed: int = 0, size: int = 8) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (size, size, 3), dtype=np.uint8)
    path.write_bytes(cv2.imencode(".png", pixels)[1].tobytes())


def flat(root: Path, rows: Sequence[str], names: Sequence[str]) -> Path:
    """Write a flat release: a table of rows and images of these names."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "labels.csv").write_text("\n".join([HEADER, *rows]) + "\n", encoding="utf-8")
    for seed, name in enumerate(names):
        write_image(root / "u_v_os" / name, seed)
    return root


def only_fault(manifest: Manifest) -> str:
    faults = [exclusion.reason for exclusion in manifest.excluded if exclusion.fault]
    assert len(faults) == 1
    return faults[0]


# ---- the real release ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def smic(data_root: Path) -> Path:
    return data_root / "megc2019_smic_flow28"


@pytest.fixture(scope="module")
def smic_folders(smic: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("loso")
    for sample in dataset(smic).load().samples:
        assert isinstance(sample.clip, FlowImageClip)
        subject = sample.subject.removeprefix("smic/")
        label = ["negative", "positive", "surprise"].index(sample.label)
        for kind, owner in (("u_test", subject), ("u_train", "s20" if subject != "s20" else "s19")):
            target = root / owner / kind / str(label)
            target.mkdir(parents=True, exist_ok=True)
            shutil.copy(sample.clip.path, target)
    return root


def test_all_clips_of_the_release_find_their_label(smic: Path) -> None:
    manifest = dataset(smic).load()
    assert not manifest.excluded
    assert len(manifest.samples) == 164
    assert len({sample.subject for sample in manifest.samples}) == 16
    assert Counter(sample.label for sample in manifest.samples) == {"negative": 70, "positive": 51, "surprise": 43}
    assert manifest.classes == ("negative", "positive", "surprise")
    spelt = {"ne": "negative", "po": "positive", "sur": "surprise"}
    for sample in manifest.samples:
        database, subject, emotion, _ = sample.id.split("_")
        assert (database, spelt[emotion]) == (sample.dataset, sample.label)
        assert sample.subject == f"smic/{subject}"


def test_both_layouts_hold_the_same_clips(smic: Path, smic_folders: Path) -> None:
    def content(root: Path) -> set[tuple[str, ...]]:
        return {(s.id, s.dataset, s.subject, s.label, s.clip.fingerprint(())) for s in dataset(root).load().samples}

    assert dataset(smic_folders).load().notes["layout"] == "loso_folders"
    assert content(smic_folders) == content(smic)


def test_the_strain_channel_gives_back_the_scale_of_v(smic: Path) -> None:
    samples = dataset(smic).load().samples
    before, after = mean_strain_correlation(samples)
    assert before == pytest.approx(0.843, abs=0.002)
    assert after == pytest.approx(0.875, abs=0.002)


def test_real_flow_is_finite_and_at_rest_in_the_median(smic: Path) -> None:
    for sample in dataset(smic).load().samples[::20]:
        flow = sample.clip.flow()
        assert flow is not None and flow.shape == (28, 28)
        np.testing.assert_allclose(np.median(flow.uv, axis=(0, 1)), 0, atol=1e-6)


# ---- scale ---------------------------------------------------------------------------------------------------------


def field_of(seed: int, stretch: float, size: int = 40) -> Float32:
    noise = np.random.default_rng(seed).standard_normal((size, size, 2)).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), 4)
    return np.asarray(smooth * np.array([1, stretch], dtype=np.float32))


def scaled(channel: Float32) -> Float32:
    low, high = channel.min(), channel.max()
    return np.asarray(np.rint((channel - low) / (high - low) * 255), dtype=np.float32)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("stretch", [0.3, 1.0, 4.0])
def test_a_known_ratio_is_recovered(seed: int, stretch: float) -> None:
    uv = field_of(seed, stretch)
    channels = np.stack([scaled(uv[..., 0]), scaled(uv[..., 1]), scaled(optical_strain(uv))], axis=-1)
    truth = np.ptp(uv[..., 1]) / np.ptp(uv[..., 0])
    assert SCALE.ratio_of(channels) == pytest.approx(truth, rel=0.03)
    flow = SCALE(channels).uv
    one_factor = np.ptp(uv[..., 0]) / 2
    recentred = uv - np.median(uv, axis=(0, 1))
    np.testing.assert_allclose(flow * one_factor, recentred, atol=0.03 * float(np.abs(recentred).max()))


def test_without_the_ratio_both_channels_keep_their_own_unit() -> None:
    channels = np.random.default_rng(0).integers(0, 256, (9, 9, 3)).astype(np.float32)
    plain = FlowScale(zero="none", ratio="none", ratio_range=(0.5, 2), ratio_steps=5)
    np.testing.assert_allclose(plain(channels).uv, channels[..., :2] / 127.5 - 1, atol=1e-6)
    mean = FlowScale(zero="mean", ratio="none", ratio_range=(0.5, 2), ratio_steps=5)
    np.testing.assert_allclose(mean(channels).uv.mean(axis=(0, 1)), 0, atol=1e-6)


@pytest.mark.parametrize("constant", [0, 1, 2])
def test_a_constant_channel_leaves_the_ratio_at_one(constant: int) -> None:
    channels = np.random.default_rng(0).integers(0, 256, (9, 9, 3)).astype(np.float32)
    channels[..., constant] = 7
    assert SCALE.ratio_of(channels) == 1.0
    assert np.isfinite(SCALE(channels).uv).all()
    assert np.isfinite(strain_correlation(channels, np.array([0.5, 1.0]))).all()


def test_the_ratio_stays_in_its_bounds() -> None:
    uv = field_of(0, 30.0)
    channels = np.stack([scaled(uv[..., 0]), scaled(uv[..., 1]), scaled(optical_strain(uv))], axis=-1)
    narrow = FlowScale(zero="median", ratio="strain", ratio_range=(0.5, 2.0), ratio_steps=5)
    assert narrow.ratio_of(channels) == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"zero": "mode"}, "dataset.zero=mode"),
        ({"ratio": "guess"}, "dataset.ratio=guess"),
        ({"ratio_range": [2, 1]}, "dataset.ratio_range"),
        ({"ratio_range": [0, 1]}, "dataset.ratio_range"),
        ({"ratio_range": [1]}, "dataset.ratio_range"),
        ({"ratio_steps": 2}, "dataset.ratio_steps=2"),
        ({"layout": "deep"}, "dataset.layout=deep"),
        ({"classes": ["one"]}, "dataset.classes"),
        ({"databases": {"smic": "s("}}, "dataset.databases.smic"),
    ],
)
def test_settings_out_of_range_are_refused(fields: Mapping[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        dataset(None, **fields)


# ---- names ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "name", "sample_id", "subject"),
    [
        ("smic,s01,s01_ne_01,0,,s01_s1_ne_01.jpg,", "s01_s01_ne_01 .png", "smic_s01_ne_01", "smic/s01"),
        ("smic,s1,s1_ne_01,0,,,", "s01_s01_ne_01 .png", "smic_s1_ne_01", "smic/s1"),
        ("casme2,sub17,EP01_15,0,,,", "sub17_EP01_15 .png", "casme2_sub17_EP01_15", "casme2/sub17"),
        ("casme2,sub01,EP02_01,0,,,", "sub01_EP02_01f.png", "casme2_sub01_EP02_01", "casme2/sub01"),
        ("casme2,sub01,EP02_01f,0,,sub01_EP02_01f.png,", "SUB01_ep02_01F.PNG", "casme2_sub01_EP02_01f", "casme2/sub01"),
        ("samm,006,006_1_2,0,,006_006_1_2.jpg,", "006_006_1_2 .png", "samm_006_1_2", "samm/006"),
        ("samm,6,006_1_2,0,,,", "006_006_1_2 .png", "samm_6_006_1_2", "samm/6"),
        ("smic,甲,甲 一,0,,,", "甲_甲 一 .png", "smic_甲 一", "smic/甲"),
    ],
)
def test_a_row_finds_its_image_in_spite_of_spelling(
    tmp_path: Path, row: str, name: str, sample_id: str, subject: str
) -> None:
    manifest = dataset(flat(tmp_path / "数据 集", [row], [name])).load()
    (sample,) = manifest.samples
    assert (sample.id, sample.subject, sample.label) == (sample_id, subject, "negative")
    flow = sample.clip.flow()
    assert flow is not None and flow.shape == (8, 8)


def test_the_literal_name_wins_over_the_loose_one(tmp_path: Path) -> None:
    rows = ["smic,s1,a_01,0,,,", "smic,s1,a_1,1,,,"]
    manifest = dataset(flat(tmp_path, rows, ["s1_a_01.png", "s1_a_1.png"])).load()
    assert [s.clip.path.name for s in manifest.samples if isinstance(s.clip, FlowImageClip)] == [
        "s1_a_01.png",
        "s1_a_1.png",
    ]


GOOD = "smic,s02,s02_po_01,1,,,"


@pytest.mark.parametrize(
    ("row", "names", "reason"),
    [
        ("smic,s01,s01_ne_09,0,,,", [], "row 2 of labels.csv: s01 s01_ne_09 matches no image; correct"),
        (
            "smic,s01,s01_ne_9,0,,,",
            ["s01_s01_ne_09.png", "s01_s01_ne_009.png"],
            "matches s01_s01_ne_009.png and s01_s01_ne_09.png; correct",
        ),
        (
            "smic,s01,s01_ne_01,0,,s01_s1_ne_02.jpg,",
            ["s01_s01_ne_01.png", "s01_s01_ne_02.png"],
            "matches s01_s01_ne_01.png and s01_s01_ne_02.png",
        ),
        ("smic,s02,s02_po_01,0,,,", [], "row 3 of labels.csv: row 2 of labels.csv names the same image"),
        ("smic,s01,,0,,,", [], "row 2 of labels.csv: filename_o is empty"),
        (
            "smic,s01,s01_ne_01,3,,,",
            ["s01_s01_ne_01.png"],
            "row 2 of labels.csv: label '3' is unknown; known are 0 = negative, 1 = positive, 2 = surprise",
        ),
    ],
)
def test_a_bad_row_is_one_sentence(tmp_path: Path, row: str, names: Sequence[str], reason: str) -> None:
    manifest = dataset(flat(tmp_path, [row, GOOD], [*names, "s02_s02_po_01.png"])).load()
    assert reason in only_fault(manifest)
    assert len(manifest.samples) == 1


def test_an_image_without_a_row_is_noted_but_no_fault(tmp_path: Path) -> None:
    manifest = dataset(flat(tmp_path, [GOOD], ["s02_s02_po_01.png", "s09_s09_po_01 .png"])).load()
    (exclusion,) = manifest.excluded
    assert (exclusion.sample_id, exclusion.reason) == ("s09_s09_po_01", "no row of labels.csv names it")
    assert not exclusion.fault


def test_one_person_under_two_names_would_leak(tmp_path: Path) -> None:
    root = flat(tmp_path, [GOOD, "smic,s2,s2_po_02,1,,,"], ["s02_s02_po_01.png", "s02_s02_po_02.png"])
    with pytest.raises(DataError, match=r"subjects smic/s02 \(1 clip\) and smic/s2 \(1 clip\) look like one person"):
        dataset(root).load()


# ---- roots that hold something else --------------------------------------------------------------------------------


def test_no_root_is_a_question_with_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MER_FLOW_IMAGES_ROOT", raising=False)
    with pytest.raises(ConfigError, match=r"dataset\.root=FOLDER or set MER_FLOW_IMAGES_ROOT"):
        dataset(None).load()


def test_the_root_may_come_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MER_FLOW_IMAGES_ROOT", str(flat(tmp_path, [GOOD], ["s02_s02_po_01.png"])))
    assert len(mer.component("dataset", "flow_images").load().samples) == 1


def test_missing_and_empty_root(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="absent: no such folder; give the folder of the flow images"):
        dataset(tmp_path / "absent").load()
    with pytest.raises(DataError, match="the folder is empty; copy the flow images"):
        dataset(tmp_path).load()


def test_the_table_has_to_be_clear(tmp_path: Path) -> None:
    root = flat(tmp_path, [GOOD], ["s02_s02_po_01.png"])
    shutil.copy(root / "labels.csv", root / "again.csv")
    with pytest.raises(DataError, match=r"several tables could be meant \(again.csv, labels.csv\)"):
        dataset(root).load()
    assert len(dataset(root, table="again.csv").load().samples) == 1
    with pytest.raises(DataError, match="the table cannot be read"):
        dataset(root, table="absent.csv").load()
    for path in root.glob("*.csv"):
        path.write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(
        DataError, match="no CSV with the columns dataset, sub, filename_o, label and no SUBJECT/u_test"
    ):
        dataset(root).load()
    with pytest.raises(DataError, match="column dataset, sub, filename_o, label is missing; the header has a, b"):
        dataset(root, table="labels.csv").load()


def test_the_image_folder_has_to_be_clear(tmp_path: Path) -> None:
    root = flat(tmp_path, [GOOD], ["s02_s02_po_01.png"])
    write_image(root / "more" / "s02_s02_po_01.png")
    with pytest.raises(DataError, match=r"several folders hold images \(more, u_v_os\)"):
        dataset(root).load()
    assert len(dataset(root, images="more").load().samples) == 1
    with pytest.raises(DataError, match=r"the folder cannot be listed"):
        dataset(root, images="absent").load()
    for folder in ("more", "u_v_os"):
        shutil.rmtree(root / folder)
    with pytest.raises(DataError, match="no image in it; put the flow images there"):
        dataset(root).load()


def test_a_table_of_other_images(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="none of its 1 rows names an image"):
        dataset(flat(tmp_path, [GOOD], ["x.png"])).load()


# ---- folder layout -------------------------------------------------------------------------------------------------


def folders(root: Path, *paths: str) -> Path:
    for seed, path in enumerate(("s01/u_test/0/s01_s01_ne_01 .png", *paths)):
        write_image(root / path, seed)
    return root


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("s02/u_test/4/s02_s02_ne_01.png", r"s02_s02_ne_01.png: label '4' is unknown; known are 0 = negative"),
        ("s02/u_test/s02_s02_ne_01.png", "is outside the label folders"),
        ("s02/u_train/0/s01_s01_ne_01.png", "s02: u_train has no u_test next to it"),
        ("s01/u_test/1/s01_s01_ne_01 .png", "names the same clip; remove one of the two"),
    ],
)
def test_a_bad_folder_is_one_sentence(tmp_path: Path, path: str, reason: str) -> None:
    manifest = dataset(folders(tmp_path, path)).load()
    assert reason in only_fault(manifest)
    assert [sample.id for sample in manifest.samples] == ["smic_s01_ne_01"]


def test_subjects_of_the_folders_find_their_database(tmp_path: Path) -> None:
    root = folders(tmp_path, "sub17/u_test/1/sub17_EP01_15 .png", "006/u_test/2/006_006_1_2 .png", "x/u_test/0/x_1.png")
    subjects = {sample.id: sample.subject for sample in dataset(root).load().samples}
    assert subjects == {
        "smic_s01_ne_01": "smic/s01",
        "casme2_sub17_EP01_15": "casme2/sub17",
        "samm_006_1_2": "samm/006",
        "flow_images_x_1": "flow_images/x",
    }


def test_folders_without_any_image(tmp_path: Path) -> None:
    (tmp_path / "s01" / "u_test" / "0").mkdir(parents=True)
    with pytest.raises(DataError, match="no image in any SUBJECT/u_test/LABEL folder"):
        dataset(tmp_path).load()


# ---- one image -----------------------------------------------------------------------------------------------------


def test_channels_are_u_v_strain_in_the_order_red_green_blue(tmp_path: Path) -> None:
    rgb = np.zeros((4, 5, 3), dtype=np.uint8)
    rgb[...] = (10, 20, 30)
    path = tmp_path / "光 流 .png"
    path.write_bytes(cv2.imencode(".png", rgb[..., ::-1])[1].tobytes())
    np.testing.assert_array_equal(read_channels(path), rgb)


@pytest.mark.parametrize("kind", ["empty", "cut", "text", "grey", "absent"])
def test_an_image_that_cannot_be_flow_is_named(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "a .png"
    write_image(path, size=32)
    whole = path.read_bytes()
    grey = cv2.imencode(".png", np.zeros((8, 8), np.uint8))[1].tobytes()
    content = {"empty": b"", "cut": whole[: len(whole) // 2], "text": b"not an image", "grey": grey}
    messages = {
        "empty": "is empty \\(0 bytes\\)",
        "cut": "cut short or of another format",
        "text": "cut short or of another format",
        "grey": "not an image of u, v and strain",
        "absent": "cannot be read",
    }
    path.unlink()
    if kind in content:
        path.write_bytes(content[kind])
    with pytest.raises(DataError, match=f"a .png: .*{messages[kind]}"):
        FlowImageClip(path=path, scale=SCALE).flow()


def test_the_fingerprint_follows_content_and_settings(tmp_path: Path) -> None:
    first, second = tmp_path / "a.png", tmp_path / "b.png"
    write_image(first, 0)
    shutil.copy(first, second)
    other = FlowScale(zero="mean", ratio="strain", ratio_range=(0.125, 8.0), ratio_steps=33)
    same = {FlowImageClip(path=path, scale=SCALE).fingerprint(()) for path in (first, second)}
    assert len(same) == 1
    assert FlowImageClip(path=first, scale=other).fingerprint(()) not in same
    write_image(second, 1)
    assert FlowImageClip(path=second, scale=SCALE).fingerprint(()) not in same
    second.unlink()
    with pytest.raises(DataError, match="cannot be read"):
        FlowImageClip(path=second, scale=SCALE).fingerprint(())


def test_a_flow_image_has_no_frames(tmp_path: Path) -> None:
    clip = FlowImageClip(path=tmp_path / "a.png", scale=SCALE)
    with pytest.raises(DataError, match=r"has no frame 0; .* keep flow=precomputed"):
        clip.read(0)
    assert dataset(None).entry == "flow"
