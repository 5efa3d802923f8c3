// Walks that cannot be gone yet, and what they wait for. Each is one line of the test run until it is off this list.
const POLICY = "the policy of the consent page stops redirects that go on elsewhere";
const CHUNKED = "a body without Content-Length is dropped";

export const PENDING = {
  "a web application whose callback goes on to a third site": POLICY,
  "a native application that waits on 127.0.0.1": CHUNKED,
  "a native application that waits on ::1": POLICY,
  "a native application with a scheme of its own": CHUNKED,
  "two applications in two tabs of a fresh browser": POLICY,
  "whoever does not allow it is back at the application, which is told": POLICY,
  "whoever withholds who they are shares their claims only": POLICY,
  "whoever cancels at the provider gets back to the application": "cancelling leads to a page without a way back",
  "the back button after a decision leads on to the application, and gives nothing more": POLICY,
  "whoever stops sharing on the account page stops the very next call": POLICY,
  "a second person's sign-in ends the first one's session on the account page": POLICY,
  "another account can be chosen at consent, and nothing of the first one stays": POLICY,
  "an application of the portal works as soon as an operator approved it": CHUNKED,
  "a lock-down stops people at consent, and when it is lifted they go on": POLICY,
};
