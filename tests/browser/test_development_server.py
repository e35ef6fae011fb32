"""`npm run dev`: the UI from its sources, and everything else from a running stage."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from local.ports import free_port
from tests.browser.browser_user import NewUser, sign_in
from tests.browser.expectations import expect
from tests.local_stage import ROOT, TestStage
from tests.waiting import wait_until


@pytest.fixture
def development_server(stage: TestStage, tmp_path: Path) -> Iterator[str]:
    """The address of `npm run dev` on a free port, from which users may sign in as from its usual port."""
    if stage.state_dir is None:
        pytest.skip("a deployed stage registers no development server")
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = ["npm", "run", "dev", "--", "--port", str(port)]
    environment = {**os.environ, "PARLEY_STAGE_URL": stage.url}
    with _registered(stage, url), (tmp_path / "vite.log").open("w") as log:
        server = subprocess.Popen(
            command, cwd=ROOT / "ui", env=environment, stdout=log, stderr=log, start_new_session=True
        )
        try:
            wait_until(lambda: server.poll() is not None or _answers(url), "the development server answers")
            assert server.poll() is None, (tmp_path / "vite.log").read_text()
            yield url
        finally:
            os.killpg(server.pid, signal.SIGTERM)
            server.wait()


def _answers(url: str) -> bool:
    try:
        return httpx.get(url).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


@contextmanager
def _registered(stage: TestStage, url: str) -> Iterator[None]:
    """Let users sign in from an address, until the block ends."""
    cognito = stage.client("cognito-idp")
    ids = {
        "UserPoolId": stage.output("Auth", "UserPoolId"),
        "ClientId": stage.output("Frontend", "UserPoolClientId"),
    }
    client = cognito.describe_user_pool_client(**ids)["UserPoolClient"]
    accepted = cognito.meta.service_model.operation_model("UpdateUserPoolClient").input_shape.members
    before = {name: value for name, value in client.items() if name in accepted and value not in ("", [])}
    cognito.update_user_pool_client(**{**before, "CallbackURLs": [*client["CallbackURLs"], f"{url}/"]})
    try:
        yield
    finally:
        cognito.update_user_pool_client(**before)


@pytest.mark.thorough
def test_a_user_signs_in_from_the_development_server(new_user: NewUser, development_server: str):
    """The sign-in returns to it, a message is delivered over the socket, and the inspector shows the stage."""
    dora = new_user("dora", signed_in=False)
    name = f"hot reload {uuid4().hex[:6]}"
    channel = dora.new_channel(name)
    sign_in(dora.page, f"{development_server}/c/{channel}", dora.person)
    expect(dora.page).to_have_url(f"{development_server}/c/{channel}")
    dora.send_message("from the sources")
    expect(dora.message("from the sources").get_by_role("img", name="Delivered", exact=True)).to_be_visible()
    dora.page.goto(f"{development_server}/inspector")
    runs = dora.page.get_by_role("region", name="Runs").get_by_role("button")
    expect(runs.filter(has_text="Message sent").filter(has_text=name)).to_have_count(1)
    # Before the server stops: the page would report that its live list was cut off.
    dora.page.close()
