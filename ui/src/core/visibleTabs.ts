/** Whether another tab of the user is visible: a hidden tab asks before it notifies of a message. */
import { TabChannel } from "./tabChannel";

type TabMessage = "ask" | "visible";

export class VisibleTabs {
  readonly #tabs: TabChannel<TabMessage>;

  constructor(userId: string) {
    this.#tabs = new TabChannel(`parley.visible.${userId}`);
    this.#tabs.listen((message) => {
      if (message === "ask" && document.visibilityState === "visible") this.#tabs.post("visible");
    });
  }

  async isAnotherVisible(): Promise<boolean> {
    return (await this.#tabs.ask("ask", (answer) => (answer === "visible" ? answer : null))) !== null;
  }

  close(): void {
    this.#tabs.close();
  }
}
