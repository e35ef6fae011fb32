"""`parley` and the front door, with a small CDK app for these tests."""

import base64
import contextlib
import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from local.errors import LocalStageError
from local.ports import free_port
from local.state_directory import REPOSITORY
from tests.emulator import assembly
from tests.emulator_control import LocalStage
from tests.waiting import COMMAND_SECONDS, wait_until


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "local.command_line", *arguments],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS,
        check=False,
    )


def up(state: Path, app: Path, port: int, *, stop_with: int | None = None) -> subprocess.CompletedProcess[str]:
    where = ["--port", str(port), "--emulator-port", "0", "--state-dir", str(state), "--app", str(app)]
    return command("up", "--detach", *where, "--stop-with", str(stop_with or os.getpid()))


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    port = free_port()
    return assembly.write(tmp_path_factory.mktemp("app") / "cdk.out", f"http://localhost:{port}"), port


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory, app: tuple[Path, int]) -> Iterator[Path]:
    """The state directory of a stage that was deployed; tests may stop the stage."""
    state = tmp_path_factory.mktemp("stage")
    result = up(state, *app)
    assert result.returncode == 0, result.stdout + result.stderr
    assert f"Parley is ready at http://localhost:{app[1]}" in result.stdout
    try:
        yield state
    finally:
        command("down", "--state-dir", str(state))


@pytest.fixture
def started(deployed: Path, app: tuple[Path, int]) -> LocalStage:
    """That stage, running: started again if the previous test stopped it."""
    with contextlib.suppress(LocalStageError):
        return LocalStage.load(deployed)
    result = up(deployed, *app)
    assert result.returncode == 0, result.stdout + result.stderr
    return LocalStage.load(deployed)


@pytest.fixture
def own_state(tmp_path: Path) -> Iterator[Path]:
    """A new state directory; a stage that the test leaves running in it is stopped."""
    yield tmp_path / "state"
    command("down", "--state-dir", str(tmp_path / "state"))


@pytest.fixture
def http(started: LocalStage) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=started.url, trust_env=False) as client:
        yield client


def test_status_prints_the_addresses_outputs_and_users(started: LocalStage):
    """All keys that scripts rely on; outputs by stack."""
    result = command("status", "--json", "--state-dir", str(started.state.path))
    status = json.loads(result.stdout)
    expected = {"url", "apiUrl", "websocketUrl", "emulatorUrl", "region", "outputs", "users", "notEmulated"}
    assert set(status) >= expected
    assert status["apiUrl"] == f"{status['url']}/api"
    assert [user["username"] for user in status["users"]] == ["alice", "bob", "carol"]
    assert status["outputs"]["Tests"]["SiteBucketName"] == "tests-site"


def test_a_second_start_and_an_unknown_user_are_refused_with_one_line(started: LocalStage, app: tuple[Path, int]):
    """The line contains the remedy; the exit code is 1."""
    second = up(started.state.path, *app)
    assert second.returncode == 1
    assert second.stderr.count("\n") == 1
    assert "already runs" in second.stderr
    unknown = command("token", "unknown-user", "--state-dir", str(started.state.path))
    assert unknown.returncode == 1
    assert unknown.stderr.startswith("The password of 'unknown-user' is not known")


def test_the_site_is_served_as_by_the_distribution(http: httpx.Client):
    """With the stored metadata, the headers policy with local hosts, views of the UI, 404 and 304."""
    page = http.get("/")
    assert page.headers["cache-control"] == "public, max-age=60"
    assert page.headers["x-content-type-options"] == "nosniff"
    assert "ws://127.0.0.1:" in page.headers["content-security-policy"]
    assert http.get("/channels/general").text == page.text
    assert http.get("/assets/missing.js").status_code == 404
    assert http.get("/", headers={"if-none-match": page.headers["etag"]}).status_code == 304


def test_large_text_is_compressed_if_the_browser_accepts_it(http: httpx.Client):
    """Otherwise it is served uncompressed."""
    compressed = http.get("/assets/app.js", headers={"accept-encoding": "gzip"})
    assert compressed.headers["content-encoding"] == "gzip"
    plain = http.get("/assets/app.js", headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert compressed.text == plain.text == assembly.SCRIPT
    assert compressed.headers["content-type"].startswith("text/javascript")


def test_config_contains_local_addresses(started: LocalStage, http: httpx.Client):
    """The deployed values, with the hosts of this stage."""
    config = http.get("/config.json").json()
    port = urlsplit(started.emulator_url).port
    assert config["websocketUrl"] == f"ws://127.0.0.1:{port}/_aws/execute-api/abc/socket"
    assert config["auth"]["tokenEndpoint"] == f"{started.url}/oauth2/token"


def test_the_api_is_forwarded_completely(started: LocalStage, http: httpx.Client):
    """The request's method, path, query, body and headers; the answer's status, headers, body; the authorizer."""
    token = started.token("bob")
    answer = http.post("/api/things/a%20b?x=1&y=%C3%A4", content="body", headers={"authorization": token})
    assert answer.status_code == 201
    assert answer.headers["x-from-function"] == "yes"
    received = answer.json()
    assert (received["query"], received["body"], received["user"]) == ({"x": "1", "y": "ä"}, "body", "bob")
    assert received["path"].startswith("/things/a")
    assert http.get("/api/things").status_code == 401


def test_signing_in_through_the_front_door(started: LocalStage, http: httpx.Client):
    """The page, a wrong password, the code, the tokens, revocation and sign-out: all on the site's origin."""
    verifier = "v" * 64
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    request = {
        "client_id": started.outputs["UserPoolClientId"],
        "redirect_uri": f"{started.url}/",
        "response_type": "code",
        "scope": "openid profile",
        "state": "kept",
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    page = http.get("/oauth2/authorize", params=request)
    assert "Demo users and their passwords" in page.text
    assert 'href="/signup?client_id=' in page.text
    assert page.headers["cache-control"] == "no-store"
    wrong = http.post("/login", data=request | {"username": "alice", "password": "wrong"})
    assert "Incorrect username or password." in wrong.text
    right = http.post("/login", data=request | {"username": "alice", "password": "Parley-alice-1"})
    target = urlsplit(right.headers["location"])
    assert f"{target.scheme}://{target.netloc}" == started.url
    answer = parse_qs(target.query)
    assert answer["state"] == ["kept"]
    exchanged = http.post(
        "/oauth2/token",
        data={
            "grant_type": "authorization_code",
            "client_id": request["client_id"],
            "redirect_uri": request["redirect_uri"],
            "code": answer["code"][0],
            "code_verifier": verifier,
        },
    )
    assert set(exchanged.json()) >= {"id_token", "access_token", "refresh_token"}
    client_id = {"client_id": request["client_id"]}
    revoked = client_id | {"token": exchanged.json()["refresh_token"]}
    assert http.post("/oauth2/revoke", data=client_id).json() == {"error": "invalid_request"}
    assert http.post("/oauth2/revoke", data=revoked).status_code == 200
    renewal = {"grant_type": "refresh_token", "refresh_token": revoked["token"], **client_id}
    assert http.post("/oauth2/token", data=renewal).status_code == 400, "a revoked token cannot be used"
    out = http.get("/logout", params={"client_id": request["client_id"], "logout_uri": f"{started.url}/"})
    assert out.headers["location"] == f"{started.url}/"


def test_signing_up_through_the_front_door(started: LocalStage, http: httpx.Client):
    """The form, the form with the user pool's error, and then a code as after signing in."""
    request = {
        "client_id": started.outputs["UserPoolClientId"],
        "redirect_uri": f"{started.url}/",
        "response_type": "code",
        "scope": "openid profile",
        "state": "kept",
    }
    assert 'name="state" value="kept"' in http.get("/signup", params=request).text
    user = {"username": "erin", "name": "Erin", "email": "erin@example.com"}
    refused = http.post("/signup", data=request | user | {"password": "short"})
    assert 'role="alert"' in refused.text
    assert 'value="erin@example.com"' in refused.text
    accepted = http.post("/signup", data=request | user | {"password": "Parley-erin-1"})
    assert set(parse_qs(urlsplit(accepted.headers["location"]).query)) == {"code", "state"}
    assert started.token("erin", "Parley-erin-1")


@pytest.mark.thorough
def test_the_api_answers_503_while_the_emulator_is_down_and_then_recovers(started: LocalStage, http: httpx.Client):
    """In the contract's error form; the supervisor restarts a crashed emulator from its saved state."""
    token = started.token("alice")
    started.save_state()
    started.kill_emulator()
    down = http.get("/api/things", headers={"authorization": token})
    assert down.status_code == 503
    assert set(down.json()) == {"code", "message"}
    assert http.get("/").status_code == 503
    started.restart_emulator()
    assert http.get("/api/things", headers={"authorization": token}).status_code == 200
    started.crash_emulator()
    wait_until(
        lambda: http.get("/api/things", headers={"authorization": token}).status_code == 200,
        "the supervisor had started the emulator again",
    )


@pytest.mark.thorough
def test_a_second_start_reuses_the_deployment(started: LocalStage, app: tuple[Path, int]):
    """It deploys nothing and keeps the data."""
    client = started.client("cognito-idp")
    client.admin_create_user(UserPoolId=started.outputs["UserPoolId"], Username="dora", MessageAction="SUPPRESS")
    state = str(started.state.path)
    assert command("down", "--state-dir", state).stdout == "Stopped.\n"
    with pytest.raises(LocalStageError, match="No local stage is running"):
        LocalStage.load(started.state.path)
    assert command("down", "--state-dir", state).returncode == 0
    log = started.state.path / "deploy.log"
    deployed = log.stat().st_mtime_ns
    assert "Nothing changed" in up(started.state.path, *app).stdout
    assert log.stat().st_mtime_ns == deployed, "nothing was deployed again"
    assert client.admin_get_user(UserPoolId=started.outputs["UserPoolId"], Username="dora")["Username"] == "dora"


@pytest.mark.thorough
def test_a_changed_app_is_deployed_over_the_previous_one(started: LocalStage, app: tuple[Path, int]):
    """The added resource exists, and the data of the previous one is kept."""
    client = started.client("cognito-idp")
    client.admin_create_user(UserPoolId=started.outputs["UserPoolId"], Username="emil", MessageAction="SUPPRESS")
    command("down", "--state-dir", str(started.state.path))
    template = app[0] / "Tests.template.json"
    changed = json.loads(template.read_text())
    changed["Resources"]["Added"] = assembly.resource("S3::Bucket", BucketName="tests-added")
    template.write_text(json.dumps(changed))
    printed = up(started.state.path, *app).stdout
    assert "Deployed every stack" in printed
    assert "Bootstrapped" not in printed, "the saved data has the stack of the CDK's toolkit"
    assert started.client("s3").head_bucket(Bucket="tests-added")
    assert client.admin_get_user(UserPoolId=started.outputs["UserPoolId"], Username="emil")["Username"] == "emil"


@pytest.mark.thorough
def test_a_failed_deployment_is_reported_with_one_line(tmp_path: Path, own_state: Path):
    """It contains the CDK's error and the log's path; nothing is left running."""
    broken = assembly.write(tmp_path / "cdk.out", "http://localhost:1", broken=True)
    result = up(own_state, broken, 0)
    assert result.returncode == 1
    assert result.stderr.startswith("Deploying failed: ")
    assert str(own_state / "deploy.log") in result.stderr
    assert "Traceback" not in result.stdout + result.stderr
    assert command("status", "--state-dir", str(own_state)).returncode == 1
    assert command("reset", "--state-dir", str(own_state)).returncode == 0
    assert not (own_state / "deploy.log").exists()


@pytest.mark.thorough
def test_a_port_in_use_stops_the_start(tmp_path: Path, app: tuple[Path, int]):
    """Before the emulator is started."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        result = up(tmp_path, app[0], other.getsockname()[1])
    assert result.returncode == 1
    assert "is in use" in result.stderr


@pytest.mark.thorough
def test_an_emulator_does_not_outlive_its_supervisor(started: LocalStage, app: tuple[Path, int]):
    """Even if the supervisor is killed; the next start reuses the deployment."""
    os.kill(started.description["pids"]["supervisor"], signal.SIGKILL)
    wait_until(lambda: not stage_answers(started), "the emulator had stopped")
    assert "Nothing changed" in up(started.state.path, *app).stdout


@pytest.mark.thorough
def test_a_stage_stops_when_the_process_of_stop_with_ends(started: LocalStage, app: tuple[Path, int]):
    """Even if that one was killed; the stage stops in order and saves its state."""
    state = started.state.path
    command("down", "--state-dir", str(state))
    other = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    assert up(state, *app, stop_with=other.pid).returncode == 0
    stage = LocalStage.load(state)
    saved = stop_count(state)
    other.kill()
    other.communicate()
    wait_until(lambda: not stage_answers(stage), "the emulator had stopped")
    wait_until(lambda: stop_count(state) > saved, "the state was saved")
    wait_until(lambda: is_stopped(state), "the supervisor had ended")


@pytest.mark.thorough
def test_a_stage_is_not_started_if_the_process_of_stop_with_has_ended(own_state: Path, app: tuple[Path, int]):
    """One line is printed, and nothing runs."""
    ended = subprocess.Popen([sys.executable, "-c", "pass"])
    ended.wait()
    refused = up(own_state, app[0], 0, stop_with=ended.pid)
    assert refused.returncode == 1
    assert f"There is no process {ended.pid}: give --stop-with the id of a running process." in refused.stderr
    assert "Traceback" not in refused.stderr + refused.stdout


def is_stopped(state: Path) -> bool:
    """Whether no stage runs in a state directory."""
    try:
        LocalStage.load(state)
    except LocalStageError:
        return True
    return False


def stop_count(state: Path) -> int:
    """How often the stage has stopped in order, by its log."""
    return (state / "supervisor.log").read_text().count("The state is saved.")


def stage_answers(stage: LocalStage) -> bool:
    try:
        return httpx.get(f"{stage.emulator_url}/_parley/health", trust_env=False).status_code == 200
    except httpx.TransportError:
        return False
