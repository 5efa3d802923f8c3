// Walks that cannot be gone yet, and what they wait for. Each is one line of the test run until it is off this list.
export const PENDING = {
  "a page elsewhere that asks as well takes nothing from the tab that waits": "a cross-site request takes the browser's cookie away",
  "whoever cancels at the provider gets back to the application": "cancelling leads to a page without a way back",
  "the back button after a decision leads on to the application, and gives nothing more": "the page leads nowhere",
  "a second person's sign-in ends the first one's session on the account page": "the first one's session goes on",
};
