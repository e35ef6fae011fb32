/** The entry point: loads configuration and session, then shows the chat or the sign-in page. */
// First, because tokens.css has the order of the layers.
import "../kit/styles/tokens.css";
import "../kit/styles/base.css";
import "../kit/styles/controls.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Boundary } from "../kit/Boundary";
import { App } from "./App";

// After navigating back from the hosted page, the browser may restore this page from its cache: load it again.
addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});

const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <Boundary what="Parley">
        <App />
      </Boundary>
    </StrictMode>,
  );
}
