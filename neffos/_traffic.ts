/**
 * What has gone over the sockets of a server or a client, in frames and in
 * their lengths: bytes of a binary one, UTF-16 units of text, whose bytes
 * nobody could tell without encoding it.
 */
export class Traffic {
  messagesIn = 0;
  bytesIn = 0;
  messagesOut = 0;
  bytesOut = 0;

  /** Counts a frame that was sent so many times. */
  countOut(times: number, length: number): void {
    this.messagesOut += times;
    this.bytesOut += times * length;
  }
}
