import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from plotart.objectives.transforms import IDENTITY, PUBLISHED, Transform, Warp

WHITE = (1.0, 1.0, 1.0)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def picture(height=90, width=120, seed=3):
    return torch.rand(1, 3, height, width, generator=generator(seed))


def test_same_generator_same_views():
    image, transform = picture(), Transform(view=48)
    first = transform(image, WHITE, generator(5), copies=3)
    assert torch.equal(first, transform(image, WHITE, generator(5), copies=3))
    assert not torch.equal(first, transform(image, WHITE, generator(6), copies=3))
    assert first.shape == (3, 3, 48, 48)
    assert not torch.equal(first[0], first[1])


def test_the_global_seed_plays_no_part():
    torch.manual_seed(1)
    before = torch.get_rng_state()
    Transform(view=32)(picture(), WHITE, generator(), copies=2)
    assert torch.equal(before, torch.get_rng_state())


def test_identity_gives_exact_crops_of_the_page():
    image = picture()
    transform = IDENTITY.model_copy(update={"view": 32})
    warp = transform.sample(generator(1), 20, (90, 120), (32, 32))
    views = warp.apply(image)
    corners = (-warp.homographies[:, :2, 2]).long().tolist()
    assert len({tuple(corner) for corner in corners}) > 10
    for view, (x, y) in zip(views, corners, strict=True):
        torch.testing.assert_close(view, image[0, :, y : y + 32, x : x + 32], rtol=0, atol=1e-7)


def test_a_small_page_is_seen_whole():
    image = picture(40, 300)
    views = IDENTITY(image, WHITE, generator(), copies=2)
    assert views.shape == (2, 3, 40, 224)
    small = picture(40, 50)
    torch.testing.assert_close(IDENTITY(small, WHITE, generator())[0], small[0], rtol=0, atol=1e-7)


@pytest.mark.parametrize("transform", [Transform(view=64), PUBLISHED.model_copy(update={"view": 64}), IDENTITY])
@pytest.mark.parametrize("paper", [(1.0, 1.0, 1.0), (0.9, 0.85, 0.2)])
def test_beyond_the_page_lies_paper(transform, paper):
    """An empty sheet looks empty from everywhere."""
    ground = torch.tensor(paper).view(1, 3, 1, 1)
    wild = transform.model_copy(update={"translate": 0.6, "jitter": 40, "rotation": 90.0})
    views = wild(ground.expand(1, 3, 70, 80), paper, generator(2), copies=4)
    torch.testing.assert_close(views, ground.expand_as(views), rtol=0, atol=1e-5)


def test_jitter_reaches_beyond_the_edge_exactly():
    image = torch.zeros(1, 3, 32, 32)
    transform = IDENTITY.model_copy(update={"view": 32, "jitter": 5})
    warp = transform.sample(generator(0), 12, (32, 32), (32, 32))
    views = warp.apply(image)
    for view, (x, y) in zip(views, (-warp.homographies[:, :2, 2]).long().tolist(), strict=True):
        assert max(abs(x), abs(y)) <= 5
        assert int((view[0] == 0).sum()) == (32 - abs(x)) * (32 - abs(y))
        assert int((view[0] == 1).sum()) == 32 * 32 - (32 - abs(x)) * (32 - abs(y))


def test_a_homography_takes_a_mark_where_it_says():
    """A mark's centre of mass in the view is the homography of its centre on the page."""
    image = torch.ones(1, 3, 100, 140)
    image[:, :, 40:47, 60:69] = 0  # centre (64.5, 43.5)
    transform = Transform(view=90, rotation=20, perspective=0.2, scale=(0.9, 1.1), jitter=0, translate=0.02)
    warp = transform.sample(generator(4), 8, (100, 140), (90, 90))
    views = 1 - warp.apply(image)[:, 0]
    where = warp.homographies @ torch.tensor([64.5, 43.5, 1.0], dtype=torch.float64)
    where = where[:, :2] / where[:, 2:]
    ys, xs = (torch.arange(90) + 0.5 for _ in "yx")
    checked = 0
    for view, (x, y) in zip(views, where.tolist(), strict=True):
        if 12 < x < 78 and 12 < y < 78:
            mass = view.sum()
            assert float((view * xs).sum() / mass) == pytest.approx(x, abs=0.15)
            assert float((view * ys[:, None]).sum() / mass) == pytest.approx(y, abs=0.15)
            checked += 1
    assert checked >= 3


def test_gradient_reaches_the_pixels_that_were_seen():
    image = picture().requires_grad_()
    transform = Transform(view=64)
    (views := transform(image, WHITE, generator(), copies=2)).sum().backward()
    assert torch.isfinite(image.grad).all()
    assert (image.grad != 0).float().mean() > 0.3
    assert views.requires_grad


def test_gradient_is_right():
    image = torch.rand(1, 3, 12, 14, dtype=torch.float64, generator=generator()).requires_grad_()
    for transform in (Transform(view=16, jitter=2), IDENTITY.model_copy(update={"view": 16, "jitter": 2})):
        warp = transform.sample(generator(1), 2, (12, 14), (8, 8))
        assert torch.autograd.gradcheck(lambda x, warp=warp: warp.apply(x), (image,))


def test_gradient_repeats_itself_to_the_last_bit():
    def gradient():
        image = picture(300, 400).requires_grad_()
        (Transform(view=200)(image, WHITE, generator(1), copies=4) ** 2).sum().backward()
        return image.grad

    assert torch.equal(gradient(), gradient())


def test_zoom_shows_more_of_the_page_without_aliasing():
    """One-pixel lines become even grey; skipping pixels would leave a moiré."""
    image = torch.ones(1, 3, 256, 256)
    image[..., ::2] = 0
    transform = IDENTITY.model_copy(update={"view": 64, "zoom": (4.0, 4.0)})
    warp = transform.sample(generator(), 1, (256, 256), (64, 64))
    view = warp.apply(image)
    assert view.shape == (1, 3, 64, 64) and warp.oversample == 4
    torch.testing.assert_close(view[..., 1:-1], torch.full((1, 3, 64, 62), 0.5), rtol=0, atol=0.02)
    left_half = torch.ones(1, 3, 256, 256)
    left_half[..., :128] = 0
    assert float(warp.apply(left_half)[0, 0].mean()) == pytest.approx(0.5, abs=0.02)


def test_zoom_stays_on_the_page():
    transform = IDENTITY.model_copy(update={"view": 64, "zoom": (1.0, 16.0)})
    warp = transform.sample(generator(), 10, (100, 160), (64, 64))
    corners = torch.tensor([[0, 0, 1], [64, 64, 1]], dtype=torch.float64).T
    on_page = torch.linalg.solve(warp.homographies, corners)
    assert on_page[:, :2].min() >= -1e-9
    assert on_page[:, 0].max() <= 160 + 1e-9 and on_page[:, 1].max() <= 100 + 1e-9


def test_the_order_of_random_numbers_does_not_depend_on_the_settings():
    plain, tilted = IDENTITY, IDENTITY.model_copy(update={"rotation": 9.0})
    a, b = generator(3), generator(3)
    plain.sample(a, 3, (300, 300), (224, 224))
    tilted.sample(b, 3, (300, 300), (224, 224))
    assert torch.equal(a.get_state(), b.get_state())


@settings(max_examples=30, deadline=None)
@given(
    size=st.tuples(st.integers(20, 200), st.integers(20, 200)),
    view=st.integers(16, 120),
    rotation=st.floats(0, 180),
    perspective=st.floats(0, 0.9),
    seed=st.integers(0, 99),
)
def test_views_are_finite_and_of_the_promised_size(size, view, rotation, perspective, seed):
    transform = Transform(view=view, rotation=rotation, perspective=perspective)
    views = transform(picture(*size), WHITE, generator(seed), copies=2)
    assert views.shape == (2, 3, min(view, size[0]), min(view, size[1]))
    assert torch.isfinite(views).all() and views.min() >= -1e-4 and views.max() <= 1 + 1e-4


@pytest.mark.parametrize(
    "wrong",
    [{"zoom": (0.5, 1)}, {"scale": (2, 1)}, {"scale": (0, 1)}, {"rotation": -1}, {"perspective": 1}, {"blur": 1}],
)
def test_wrong_settings_are_refused(wrong):
    with pytest.raises(ValidationError):
        Transform(**wrong)


def test_wrong_image_is_refused():
    warp = Warp(torch.eye(3, dtype=torch.float64)[None], (8, 8))
    with pytest.raises(ValueError, match=r"\[1, 3, H, W\]"):
        warp.apply(torch.zeros(2, 3, 8, 8))
