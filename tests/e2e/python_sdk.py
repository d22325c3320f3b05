"""A program around one of the published Python SDKs, which are forks of each other.

Takes FAMILY URL KEY OPTIONS. Calls come as JSON lines, one list a line; for each line one line goes
out: what became of the calls by the SDK's own account.
"""

import importlib
import json
import sys
from datetime import datetime

NAMES = {
    "userId": "user_id",
    "anonymousId": "anonymous_id",
    "messageId": "message_id",
    "groupId": "group_id",
    "previousId": "previous_id",
}


def main():
    family, url, key, options = sys.argv[1:]
    failed = {}

    def on_error(error, batch):
        failed.update({event["userId"]: str(error) for event in batch})

    sdk = importlib.import_module(f"{family}.analytics.client")
    client = sdk.Client(key, host=url, on_error=on_error, **json.loads(options))
    for line in sys.stdin:
        failed.clear()
        calls = json.loads(line)
        for call in calls:
            send(client, call, failed)
        client.flush()
        users = [call["userId"] for call in calls]
        account = {"delivered": [one for one in users if one not in failed], "failed": failed}
        print(json.dumps(account), flush=True)
    client.shutdown()


def send(client, call, failed):
    arguments = {NAMES.get(key, key): value for key, value in call.items() if key != "type"}
    if "timestamp" in arguments:
        arguments["timestamp"] = datetime.fromisoformat(arguments["timestamp"])
    queued, _ = getattr(client, call["type"])(**arguments)
    if not queued:
        failed[call["userId"]] = "the queue is full"


if __name__ == "__main__":
    main()
