"""How anyone verifies an export without this program; lies beside the files as VERIFY.txt."""

from __future__ import annotations

RECIPE = """\
How to verify this export without ml-connector. Any language with SHA-256 and HMAC will do.

1. The files are the ones that were exported
   manifest.json names every file under `files` with its SHA-256 and its number of rows (CSV: without the
   header). Compute both again.

2. The chain of the audit trail has no gap
   events.jsonl holds one event a line: seq, at, who, kind, record, run, detail, previous, hash.
   - seq counts up by one, from trail.first_seq to trail.last_seq of the manifest;
   - previous is the hash of the line before; of the first line it is trail.previous;
   - the hash of the last line is trail.last_hash.
   An event that was taken out, put in or moved breaks this.

3. No event was edited (needs the audit key)
   The hash of a line is HMAC-SHA256, in hex, with the audit key, over
       previous + "\\n" + JSON of the list [seq, at, who, kind, record, run, detail]
   in UTF-8, where JSON has its keys sorted, no blanks, and letters as they are (not as \\u escapes):
   in Python json.dumps(row, sort_keys=True, separators=(",", ":"), ensure_ascii=False).
   Its custodian writes the key, as 64 hex digits, into a file: `ml-connector audit key --out FILE --reason TEXT`,
   which the trail itself records. The audit key opens no credential. Who holds it and may also write to the ledger
   could forge the trail, so do step 4 as well.

4. The trail is the one that was there before
   `ml-connector audit head --out FILE` writes seq and hash of the last event at that moment; somebody outside
   the team keeps such files. For every kept head whose seq lies in this export, the event with that seq must
   have that hash. A trail that was forged later from its beginning, even with the key, fails here.

5. The records agree with their events
   For every record of the file records, the last of its events whose detail has "to" must say the state that
   the record has. Their numbers and amounts by mapping, state and currency are `totals` of the manifest.

What the export does not prove: that a person's name is that person (who is the user and host of the machine),
and that the source showed us everything; compare `totals` with a list drawn from the source itself.
"""
