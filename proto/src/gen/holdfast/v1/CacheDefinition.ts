// Original file: holdfast/v1/admin.proto


export interface CacheDefinition {
  'name'?: (string);
  /**
   * The configuration as JSON, in the form in which it is written in YAML.
   */
  'configJson'?: (string);
  /**
   * Given by the cluster, never reused.
   */
  'id'?: (number);
  /**
   * Grows with each change.
   */
  'revision'?: (number);
}

export interface CacheDefinition__Output {
  'name': (string);
  /**
   * The configuration as JSON, in the form in which it is written in YAML.
   */
  'configJson': (string);
  /**
   * Given by the cluster, never reused.
   */
  'id': (number);
  /**
   * Grows with each change.
   */
  'revision': (number);
}
