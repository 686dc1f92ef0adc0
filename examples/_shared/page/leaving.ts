/// <reference lib="dom" />

/**
 * Ends the connection of a page when its visitor leaves it. A browser may keep
 * such a page, connection and all, for the way back; others would still see the
 * visitor. The page starts anew when it is shown again.
 *
 * @param close Closes the connection, if there is one.
 */
export function closeOnLeave(close: () => void): void {
  addEventListener("pagehide", close);
  addEventListener("pageshow", ({ persisted }) => {
    if (persisted) location.reload();
  });
}
