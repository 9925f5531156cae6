"""Requests that must not succeed, and what every answer says about itself."""

import json

import pytest

from plotart.studio.guard import MAX_JSON, MAX_UPLOAD, Guard, Keys

JSON = {"Content-Type": "application/json"}
NEURON = {"objectives.neuron.at": "conv4_3:1"}
OCTETS = {"Content-Type": "application/octet-stream"}


def post(what, body, **headers):
    return ("POST", f"/api/do/{what}", json.dumps(body), {**JSON, **headers})


REFUSED = {
    # hosts: names that someone else can point here
    "host of another site": (("GET", "/api/runs", None, {"Host": "evil.example"}), 421),
    "host with our port": (("GET", "/", None, {"Host": "evil.example:8765"}), 421),
    "host that begins like ours": (("GET", "/", None, {"Host": "127.0.0.1.evil.example:8765"}), 421),
    "host that is another machine": (("GET", "/", None, {"Host": "192.168.0.7:8765"}), 421),
    "host that is empty": (("GET", "/", None, {"Host": ""}), 421),
    "host with a user": (("GET", "/", None, {"Host": "127.0.0.1@evil.example"}), 421),
    "files at another host": (("GET", "/files/0/cat/run.json", None, {"Host": "evil.example"}), 421),
    # origins
    "origin of another site": (post("note", {"name": "cat", "star": True}, Origin="https://evil.example"), 403),
    "origin of another port": (post("note", {"name": "cat", "star": True}, Origin="http://127.0.0.1:1"), 403),
    "origin of a sandbox": (post("note", {"name": "cat", "star": True}, Origin="null"), 403),
    "origin with another scheme": (post("delete", {"names": ["cat"]}, Origin="https://127.0.0.1:8765"), 403),
    "origin of localhost": (post("delete", {"names": ["cat"]}, Origin="http://localhost:8765"), 403),
    "another site reads": (("GET", "/api/runs", None, {"Origin": "https://evil.example"}), 403),
    "another site frames": (("GET", "/api/runs", None, {"Sec-Fetch-Site": "cross-site"}), 403),
    "another site shows a picture": (("GET", "/thumb/cat", None, {"Sec-Fetch-Site": "cross-site"}), 403),
    # kinds of request
    "method PUT": (("PUT", "/api/do/note", "{}", JSON), 405),
    "method DELETE": (("DELETE", "/api/do/delete", None, {}), 405),
    "method OPTIONS": (("OPTIONS", "/api/do/note", None, {"Access-Control-Request-Method": "POST"}), 405),
    "method TRACE": (("TRACE", "/", None, {}), 405),
    "a form": (("POST", "/api/do/delete", "names=cat", {"Content-Type": "application/x-www-form-urlencoded"}), 415),
    "a form's files": (("POST", "/api/photos", "x", {"Content-Type": "multipart/form-data; boundary=x"}), 415),
    "plain text": (("POST", "/api/do/delete", '{"names": ["cat"]}', {"Content-Type": "text/plain"}), 415),
    "a picture where JSON belongs": (("POST", "/api/do/note", "x", OCTETS), 415),
    "by GET what POST does": (("GET", "/api/do/delete?names=cat", None, {}), 405),
    # sizes
    "an order of megabytes": (post("note", {"name": "cat", "note": "x" * MAX_JSON}), 413),
    "a picture that says it is large": (
        ("POST", "/api/photos", "x", {**OCTETS, "Content-Length": str(MAX_UPLOAD + 1)}),
        413,
    ),
    "a negative length": (("POST", "/api/do/note", "{}", {**JSON, "Content-Length": "-1"}), 411),
    "an endless address": (("GET", "/api/run?name=" + "a" * 5000, None, {}), 414),
    "an order that is no object": (("POST", "/api/do/note", "[1]", JSON), 422),
    "an order that is no JSON": (("POST", "/api/do/note", "{", JSON), 422),
    "an order of brackets": (("POST", "/api/do/note", "[" * 100_000, JSON), 422),
    "an order of bytes": (("POST", "/api/do/note", b"\xff\xfe\x00", JSON), 422),
    # paths
    "a name that climbs": (post("note", {"name": "../secret", "star": True}), 422),
    "a name that climbs later": (post("note", {"name": "cat/../../secret", "star": True}), 422),
    "an absolute name": (post("note", {"name": "/etc", "star": True}), 422),
    "the studio's own folder": (post("delete", {"names": [".studio"]}), 422),
    "a name with a null": (post("note", {"name": "cat\0", "star": True}), 422),
    "a name that is a list": (post("note", {"name": ["cat"], "star": True}), 422),
    "a name with a backslash": (post("note", {"name": "..\\cat", "star": True}), 422),
    "a link that leaves": (post("note", {"name": "link", "star": True}), 422),
    "a picture through a link": (("GET", "/thumb/link", None, {}), 422),
    "a thumb that climbs": (("GET", "/thumb/%2e%2e/secret", None, {}), 422),
    "a photo that climbs": (("GET", "/photo/..%2ftoken", None, {}), 404),
    "a photo that is the token": (("GET", "/photo/token", None, {}), 422),
    "a sheet that climbs": (("GET", "/sheet/..%2f..%2fsecret.png", None, {}), 404),
    "a layer that climbs": (("GET", "/api/sheet?network=vgg16&layer=../../x", None, {}), 422),
    "a front that is code": (("GET", "/front/..%2fguard.py", None, {}), 404),
    "a front that is hidden": (("GET", "/front/.env.js", None, {}), 404),
    "files without a key": (("GET", "/files/0/cat/run.json", None, {}), 404),
    "trash that climbs": (post("restore", {"keys": ["1234567890-x/../../.."]}), 422),
    # settings that would read elsewhere, or run something
    "a photograph elsewhere": (post("start", {"changes": {"objectives.pixels.image": "/etc/hostname"}}), 422),
    "a style elsewhere": (
        post("start", {"changes": {**NEURON, "objectives.style.image": "../secret.png"}}),
        422,
    ),
    "pens elsewhere": (post("start", {"changes": {**NEURON, "pens.set": "/etc/passwd"}}), 422),
    "a config elsewhere": (post("start", {"config": "../../etc/passwd", "changes": {"objectives.x.y": 1}}), 422),
    "a YAML bomb": (post("start", {"changes": {}, "other": "a: &a [x, x]\nb: [*a, *a]"}), 422),
    "a YAML object": (post("start", {"changes": {}, "other": "a: !!python/object/apply:os.system [id]"}), 422),
    "an order there is none of": (post("shutdown", {}), 404),
    "a private order": (post("_starter", {}), 404),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_hostile_requests_are_refused(case, page, root, no_processes):
    (root / "link").symlink_to(root.parent)
    (method, path, body, headers), code = REFUSED[case]
    before = sorted(p.relative_to(root) for p in root.rglob("*") if ".studio" not in p.parts)
    answer = page.request(method, path, content=body, headers=headers)
    assert answer.status_code == code, answer.text
    assert "secret" not in answer.text.replace("'../secret", "").replace("/secret'", "")
    assert sorted(p.relative_to(root) for p in root.rglob("*") if ".studio" not in p.parts) == before
    assert no_processes == []


@pytest.mark.parametrize("path", ["/", "/api/runs", "/events", "/front/main.js", "/thumb/cat", "/?token=", "/?token=x"])
def test_nothing_without_the_link(stranger, path):
    assert stranger.get(path).status_code == 403


def test_two_tokens_are_none(stranger, studio):
    assert stranger.get(f"/?token={studio.keys.token}&token=x").status_code == 403


def test_the_link_opens_the_page_and_gives_a_cookie_that_scripts_and_other_sites_do_not_get(stranger, studio):
    answer = stranger.get(
        f"/?token={studio.keys.token}", headers={"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "document"}
    )
    assert answer.status_code == 200
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=strict" in cookie
    assert stranger.get("/api/runs").status_code == 200


def test_every_answer_is_strict(page, stranger):
    for answer in (page.get("/"), page.get("/api/runs"), page.get("/nothing"), stranger.get("/")):
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert not [name for name in answer.headers if name.startswith("access-control")]


def test_the_token_is_the_users_alone(studio):
    assert (studio.library.home / "token").stat().st_mode & 0o077 == 0


def test_reports_run_in_a_sandbox_and_read_only_their_own_run(page, stranger, studio):
    base = f"/files/{studio.keys.folder('cat')}/"
    answer = stranger.get(f"{base}cat/report.html")
    assert answer.status_code == 200
    policy = answer.headers["content-security-policy"]
    assert (
        policy.startswith("sandbox allow-scripts") and "allow-same-origin" not in policy and "connect-src" not in policy
    )
    for path in (
        "half/config.yaml",
        "cat/checkpoint.safetensors",
        "cat/.studio.json",
        "cat/../half/config.yaml",
        "cat/",
        "cat",
    ):
        assert stranger.get(base + path).status_code in (404, 422)
    assert stranger.post(f"{base}cat/report.html", content="", headers={"Origin": "null"}).status_code == 403


def test_a_file_that_is_a_link_is_not_given_out(stranger, studio, root):
    (root / "cat" / "preview.svg").symlink_to(root.parent / "secret.txt")
    assert stranger.get(f"/files/{studio.keys.folder('cat')}/cat/preview.svg").status_code == 422


@pytest.mark.parametrize(
    ("host", "asked", "here"),
    [
        ("127.0.0.1", "localhost:1", True),
        ("127.0.0.1", "[::1]:1", True),
        ("127.0.0.1", "10.0.0.1:1", False),
        ("0.0.0.0", "10.0.0.1:1", True),
        ("0.0.0.0", "studio.evil:1", False),
        ("plotter.local", "plotter.local:1", True),
        ("plotter.local", "evil.local:1", False),
    ],
)
def test_which_hosts_are_here(host, asked, here):
    assert Guard(None, Keys("t"), host, 1)._is_here(asked) is here
