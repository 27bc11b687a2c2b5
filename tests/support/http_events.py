"""The page's events over plain HTTP, as any program could call them."""

import secrets

STRANGER = "the secret of somebody else"


def events_of(client):
    """Return the events that have a handler, and every component by its id."""
    config = client.get("/config").json()
    components = {component["id"]: component for component in config["components"]}
    return [event for event in config["dependencies"] if event["backend_fn"]], components


def arguments(event, components, known):
    """Return values for an event's inputs: what a stranger knows in each text, else what the page holds there."""
    values = []
    for number in event["inputs"]:
        component = components[number]
        value = component["props"].get("value")
        if component["type"] == "browserstate":
            value = STRANGER
        elif component["type"] == "textbox":
            value = known
        elif component["type"] == "checkbox":
            value = True
        values.append(value)
    return values


def call(client, event, data, event_data=None):
    """Return the whole answer of an event, with or without the queue, as the event requires.

    event_data: what the page says of a press.
    """
    session = secrets.token_hex(8)
    body = {"data": data, "fn_index": event["id"], "session_hash": session, "event_data": event_data}
    direct = client.post("/gradio_api/run/predict", json=body)
    text = direct.text
    if event["queue"] is not False:
        assert direct.status_code == 404, "a queued event cannot skip the queue"
        text += client.post("/gradio_api/queue/join", json=body).raise_for_status().text
        with client.stream("GET", f"/gradio_api/queue/data?session_hash={session}") as stream:
            for line in stream.iter_lines():
                text += line
                if "process_completed" in line or "close_stream" in line:
                    break
    return text
