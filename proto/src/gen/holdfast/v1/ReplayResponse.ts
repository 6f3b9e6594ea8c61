// Original file: holdfast/v1/peer.proto


// Original file: holdfast/v1/peer.proto

export const _holdfast_v1_ReplayResponse_Outcome = {
  /**
   * Not now, or not here: ask again, or ask another.
   */
  LATER: 'LATER',
  /**
   * It is a dirty entry of this owner. Keep the record, and ask again.
   */
  PENDING: 'PENDING',
  /**
   * The database has this write or a later one of the key, or it was put aside for people.
   */
  PERSISTED: 'PERSISTED',
} as const;

export type _holdfast_v1_ReplayResponse_Outcome =
  /**
   * Not now, or not here: ask again, or ask another.
   */
  | 'LATER'
  | 0
  /**
   * It is a dirty entry of this owner. Keep the record, and ask again.
   */
  | 'PENDING'
  | 1
  /**
   * The database has this write or a later one of the key, or it was put aside for people.
   */
  | 'PERSISTED'
  | 2

export type _holdfast_v1_ReplayResponse_Outcome__Output = typeof _holdfast_v1_ReplayResponse_Outcome[keyof typeof _holdfast_v1_ReplayResponse_Outcome]

export interface ReplayResponse {
  /**
   * In the order of the records.
   */
  'outcomes'?: (_holdfast_v1_ReplayResponse_Outcome)[];
}

export interface ReplayResponse__Output {
  /**
   * In the order of the records.
   */
  'outcomes': (_holdfast_v1_ReplayResponse_Outcome__Output)[];
}
