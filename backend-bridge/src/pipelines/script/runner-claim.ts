/** Runner, part that keeps two jobs of one event from doing the same work: deliveries come once, twice, or late. */
export const CLAIM = String.raw`

# Seconds without a sign of life after which a job that has begun counts as dead.
LEASE = 30.0
# The same for one whose program has ended and whose results are on their way to the store.
UPLOADS = 900.0


class Claim:
    """The right of one job to do the work of a node in a run: an object that only one of several jobs can make, as the store
    takes it only while there is none. Its holder renews it; one that is not renewed is taken over. Ages are told by the clock
    of the store alone."""

    def __init__(self, node, config, storage, run):
        self.bucket, prefix = split_path(artifacts_path(node, config))
        self.key = "/".join(part for part in (prefix, "run", run, "_claim.json") if part)
        self.storage = storage
        self.event = event_mark()
        self.document = {"job": os.environ.get("JOB_UUID") or "", "id": uuid.uuid4().hex, "event": self.event, "renewed": 0}
        self.lease = float(os.environ.get("OSCAR_CLAIM_LEASE") or LEASE)
        self.etag = ""
        self.held = self.lost = False
        self.child = None
        self.ending = threading.Event()
        self.thread = None

    def take(self, run, is_done):
        """True when this job is to do the work. Waits where it cannot be seen at once whether another one lives."""
        try:
            return self.try_to_take(run, is_done)
        except Failure as failure:
            say("whether another job does the same cannot be seen: %s" % failure)
            return True

    def try_to_take(self, run, is_done):
        seen, since, told = None, 0.0, False
        while True:
            found = self.look()
            try:
                if found is None:
                    return self.write({"If-None-Match": "*"})
                etag, document, age = found
                if document.get("id") == self.document["id"]:
                    # The answer to our own request was lost.
                    self.etag = etag
                    return self.begin()
                if is_done():
                    say("run %s: this node is done already" % run)
                    return False
                ended = document.get("ended")
                same = self.event and document.get("event") == self.event
                if ended is not None and (same or ended == 0 and age < UPLOADS):
                    say("run %s: another job has done this node just now" % run)
                    return False
                if ended is not None:
                    # It failed, or its results did not arrive, and it is asked for anew.
                    return self.write({"If-Match": etag})
                if seen is not None and seen != etag:
                    say("run %s: another job does this node" % run)
                    return False
                if seen is None:
                    seen, since = etag, time.time()
                if max(time.time() - since, age - 2) > self.lease:
                    say("run %s: the job that had begun this node gives no sign of life; it begins again" % run)
                    return self.write({"If-Match": etag})
                if not told:
                    told = True
                    say("run %s: another job has begun this node; looking for %.0f s whether it lives" % (run, self.lease))
                time.sleep(min(1.0, self.lease / 10))
            except (Conflict, Missing):
                seen = None

    def look(self):
        try:
            data, headers = self.storage.call("GET", self.bucket, self.key)
        except Missing:
            return None
        try:
            now_, then = (email.utils.mktime_tz(email.utils.parsedate_tz(headers.get(name))) for name in ("Date", "Last-Modified"))
        except TypeError:
            now_ = then = 0
        return headers.get("ETag") or "", as_document(data), now_ - then

    def write(self, condition):
        body = json.dumps(self.document).encode("utf-8")
        _, headers = self.storage.call("PUT", self.bucket, self.key, body=body, headers=condition)
        self.etag = headers.get("ETag") or ""
        return self.held or self.begin()

    def begin(self):
        self.held = True
        self.thread = threading.Thread(target=self.keep, daemon=True)
        self.thread.start()
        return True

    def keep(self):
        while not self.ending.wait(self.lease / 3):
            self.document["renewed"] += 1
            if not self.update("renewed"):
                self.lost = True
                say("another job has taken this node over; this one ends")
                if self.child is not None:
                    self.child.terminate()
                return

    def update(self, what):
        """False when the claim is another job's by now."""
        try:
            try:
                self.write({"If-Match": self.etag} if self.etag else {})
            except (Conflict, Missing):
                found = self.look()
                # A write whose answer was lost counts.
                if found is None or found[1].get("id") != self.document["id"]:
                    return False
                self.etag = found[0]
        except Failure as failure:
            say("the claim of this job could not be %s: %s" % (what, failure))
        return True

    def end(self, code):
        """Nothing more is done for the node. False when it belongs to another job, so that nothing may be handed on."""
        if not self.held:
            return True
        self.ending.set()
        self.thread.join()
        if self.lost:
            return False
        self.document["ended"] = code
        return self.update("closed")


def event_mark():
    """What is the same each time one event is delivered, and different when it is asked for anew."""
    try:
        record = json.loads(os.environ.get("EVENT") or "{}")["Records"][0]
        mark = record["s3"]["object"].get("sequencer") or record.get("eventTime")
    except (ValueError, KeyError, IndexError, TypeError, AttributeError):
        return ""
    return str(mark or "")
`;
