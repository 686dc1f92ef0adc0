/** What clients of the cluster tools send. */

/** The namespace of the clients. */
export const NAMESPACE = "chat";
