// Original file: holdfast/v1/pipe.proto


/**
 * The first message in either direction of a pipe introduces the two sides.
 */
export interface Hello {
  /**
   * The cluster that the client means to talk to.
   */
  'clusterId'?: (string);
  'protocol'?: (number);
  /**
   * Unique to one client object, for logs and counters.
   */
  'clientId'?: (string);
  /**
   * Whom the client expects behind the address, for the node's log. An address may be reused by
   * another node after a restart: the client compares the node's answer and looks again.
   */
  'expectedNodeId'?: (string);
  'expectedIncarnation'?: (string);
}

/**
 * The first message in either direction of a pipe introduces the two sides.
 */
export interface Hello__Output {
  /**
   * The cluster that the client means to talk to.
   */
  'clusterId': (string);
  'protocol': (number);
  /**
   * Unique to one client object, for logs and counters.
   */
  'clientId': (string);
  /**
   * Whom the client expects behind the address, for the node's log. An address may be reused by
   * another node after a restart: the client compares the node's answer and looks again.
   */
  'expectedNodeId': (string);
  'expectedIncarnation': (string);
}
