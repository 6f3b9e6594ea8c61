export const DESCRIPTOR: object = {
 "nested": {
  "holdfast": {
   "nested": {
    "v1": {
     "nested": {
      "Admin": {
       "methods": {
        "ApplyCaches": {
         "requestType": "ApplyCachesRequest",
         "responseType": "ApplyCachesResponse"
        },
        "ListCaches": {
         "requestType": "ListCachesRequest",
         "responseType": "ListCachesResponse"
        },
        "Status": {
         "requestType": "StatusRequest",
         "responseType": "StatusResponse"
        }
       }
      },
      "NodeAdmin": {
       "methods": {
        "Drain": {
         "requestType": "DrainRequest",
         "responseType": "DrainProgress",
         "responseStream": true
        }
       }
      },
      "DrainRequest": {
       "fields": {
        "nodeId": {
         "type": "string",
         "id": 1
        }
       }
      },
      "DrainProgress": {
       "fields": {
        "ownedPartitions": {
         "type": "uint32",
         "id": 1
        },
        "backedUpPartitions": {
         "type": "uint32",
         "id": 2
        },
        "dirtyEntries": {
         "type": "uint64",
         "id": 3
        },
        "recordsToReplay": {
         "type": "uint64",
         "id": 4
        },
        "done": {
         "type": "bool",
         "id": 5
        }
       }
      },
      "CacheDefinition": {
       "fields": {
        "name": {
         "type": "string",
         "id": 1
        },
        "configJson": {
         "type": "string",
         "id": 2
        },
        "id": {
         "type": "uint32",
         "id": 3
        },
        "revision": {
         "type": "uint32",
         "id": 4
        }
       }
      },
      "ApplyCachesRequest": {
       "fields": {
        "caches": {
         "rule": "repeated",
         "type": "CacheDefinition",
         "id": 1
        }
       }
      },
      "ApplyCachesResponse": {
       "fields": {
        "applied": {
         "rule": "repeated",
         "type": "Applied",
         "id": 1
        }
       },
       "nested": {
        "Applied": {
         "fields": {
          "cache": {
           "type": "CacheDefinition",
           "id": 1
          },
          "change": {
           "type": "Change",
           "id": 2
          }
         }
        },
        "Change": {
         "values": {
          "UNCHANGED": 0,
          "CREATED": 1,
          "UPDATED": 2
         }
        }
       }
      },
      "ListCachesRequest": {
       "fields": {}
      },
      "ListCachesResponse": {
       "fields": {
        "caches": {
         "rule": "repeated",
         "type": "CacheDefinition",
         "id": 1
        }
       }
      },
      "StatusRequest": {
       "fields": {}
      },
      "StatusResponse": {
       "fields": {
        "view": {
         "type": "TopologyView",
         "id": 1
        },
        "leading": {
         "type": "bool",
         "id": 2
        },
        "liveNodes": {
         "rule": "repeated",
         "type": "LiveNode",
         "id": 3
        }
       },
       "nested": {
        "LiveNode": {
         "fields": {
          "nodeId": {
           "type": "string",
           "id": 1
          },
          "incarnation": {
           "type": "string",
           "id": 2
          },
          "topologyEpoch": {
           "type": "uint64",
           "id": 3
          }
         }
        }
       }
      },
      "Topology": {
       "methods": {
        "Watch": {
         "requestType": "WatchTopologyRequest",
         "responseType": "TopologyView",
         "responseStream": true
        }
       }
      },
      "WatchTopologyRequest": {
       "fields": {}
      },
      "TopologyView": {
       "fields": {
        "config": {
         "type": "ClusterConfig",
         "id": 1
        },
        "topology": {
         "type": "TopologyState",
         "id": 2
        },
        "coordinatorAddress": {
         "type": "string",
         "id": 3
        }
       }
      },
      "ClusterConfig": {
       "fields": {
        "clusterId": {
         "type": "string",
         "id": 1
        },
        "formatVersion": {
         "type": "uint32",
         "id": 2
        },
        "partitions": {
         "type": "uint32",
         "id": 3
        },
        "hashAlgorithm": {
         "type": "string",
         "id": 4
        },
        "hashSeed": {
         "type": "uint32",
         "id": 5
        }
       }
      },
      "TopologyState": {
       "fields": {
        "epoch": {
         "type": "uint64",
         "id": 1
        },
        "writeToken": {
         "type": "string",
         "id": 2
        },
        "members": {
         "rule": "repeated",
         "type": "Member",
         "id": 3
        },
        "partitions": {
         "rule": "repeated",
         "type": "Partition",
         "id": 4
        }
       },
       "nested": {
        "Member": {
         "fields": {
          "nodeId": {
           "type": "string",
           "id": 1
          },
          "incarnation": {
           "type": "string",
           "id": 2
          },
          "addresses": {
           "type": "Addresses",
           "id": 3
          },
          "zone": {
           "type": "string",
           "id": 4
          },
          "weight": {
           "type": "uint32",
           "id": 5
          },
          "state": {
           "type": "State",
           "id": 6
          },
          "ended": {
           "type": "bool",
           "id": 7
          }
         },
         "nested": {
          "State": {
           "values": {
            "ACTIVE": 0,
            "DRAINING": 1,
            "DEAD": 2
           }
          }
         }
        },
        "Addresses": {
         "fields": {
          "data": {
           "type": "string",
           "id": 1
          },
          "peer": {
           "type": "string",
           "id": 2
          },
          "http": {
           "type": "string",
           "id": 3
          }
         }
        },
        "Partition": {
         "oneofs": {
          "_owner": {
           "oneof": [
            "owner"
           ]
          },
          "_moveTo": {
           "oneof": [
            "moveTo"
           ]
          }
         },
         "fields": {
          "owner": {
           "type": "uint32",
           "id": 1,
           "options": {
            "proto3_optional": true
           }
          },
          "term": {
           "type": "uint32",
           "id": 2
          },
          "planned": {
           "type": "bool",
           "id": 3
          },
          "backups": {
           "rule": "repeated",
           "type": "uint32",
           "id": 4
          },
          "inSync": {
           "rule": "repeated",
           "type": "uint32",
           "id": 5
          },
          "moveTo": {
           "type": "uint32",
           "id": 6,
           "options": {
            "proto3_optional": true
           }
          },
          "recoverFrom": {
           "rule": "repeated",
           "type": "uint32",
           "id": 7
          },
          "unfenced": {
           "rule": "repeated",
           "type": "uint32",
           "id": 8
          },
          "changedEpoch": {
           "type": "uint64",
           "id": 9
          },
          "heldBack": {
           "type": "bool",
           "id": 10
          },
          "mayServe": {
           "rule": "repeated",
           "type": "uint32",
           "id": 11
          }
         }
        }
       }
      },
      "Cache": {
       "methods": {
        "Get": {
         "requestType": "GetRequest",
         "responseType": "GetResponse"
        },
        "Set": {
         "requestType": "SetRequest",
         "responseType": "WriteResponse"
        },
        "Delete": {
         "requestType": "DeleteRequest",
         "responseType": "WriteResponse"
        },
        "Touch": {
         "requestType": "TouchRequest",
         "responseType": "TouchResponse"
        },
        "Increment": {
         "requestType": "IncrementRequest",
         "responseType": "IncrementResponse"
        },
        "Flush": {
         "requestType": "FlushRequest",
         "responseType": "FlushResponse"
        },
        "Persisted": {
         "requestType": "PersistedRequest",
         "responseType": "PersistedResponse"
        },
        "GetMany": {
         "requestType": "GetManyRequest",
         "responseType": "ManyResponse"
        },
        "SetMany": {
         "requestType": "SetManyRequest",
         "responseType": "ManyResponse"
        },
        "DeleteMany": {
         "requestType": "DeleteManyRequest",
         "responseType": "ManyResponse"
        },
        "Clear": {
         "requestType": "ClearRequest",
         "responseType": "ClearResponse"
        },
        "Warm": {
         "requestType": "WarmRequest",
         "responseType": "WarmProgress",
         "responseStream": true
        },
        "Stats": {
         "requestType": "StatsRequest",
         "responseType": "StatsResponse"
        },
        "Pipe": {
         "requestType": "Batch",
         "requestStream": true,
         "responseType": "Replies",
         "responseStream": true
        }
       }
      },
      "GetRequest": {
       "oneofs": {
        "_maxStaleMs": {
         "oneof": [
          "maxStaleMs"
         ]
        }
       },
       "fields": {
        "cache": {
         "type": "string",
         "id": 1
        },
        "key": {
         "type": "bytes",
         "id": 2
        },
        "maxStaleMs": {
         "type": "int64",
         "id": 3,
         "options": {
          "proto3_optional": true
         }
        }
       }
      },
      "GetResponse": {
       "oneofs": {
        "_ttlLeftMs": {
         "oneof": [
          "ttlLeftMs"
         ]
        }
       },
       "fields": {
        "found": {
         "type": "bool",
         "id": 1
        },
        "value": {
         "type": "bytes",
         "id": 2
        },
        "encoding": {
         "type": "uint32",
         "id": 3
        },
        "version": {
         "type": "uint64",
         "id": 4
        },
        "source": {
         "type": "Reply.Source",
         "id": 5
        },
        "ageMs": {
         "type": "uint64",
         "id": 6
        },
        "stale": {
         "type": "bool",
         "id": 7
        },
        "ttlLeftMs": {
         "type": "uint64",
         "id": 8,
         "options": {
          "proto3_optional": true
         }
        },
        "term": {
         "type": "uint32",
         "id": 9
        },
        "nodeId": {
         "type": "string",
         "id": 10
        },
        "incarnation": {
         "type": "string",
         "id": 11
        },
        "unpersisted": {
         "type": "bool",
         "id": 12
        }
       }
      },
      "SetRequest": {
       "oneofs": {
        "_ttlMs": {
         "oneof": [
          "ttlMs"
         ]
        },
        "_expectedVersion": {
         "oneof": [
          "expectedVersion"
         ]
        },
        "_softTtlMs": {
         "oneof": [
          "softTtlMs"
         ]
        }
       },
       "fields": {
        "cache": {
         "type": "string",
         "id": 1
        },
        "key": {
         "type": "bytes",
         "id": 2
        },
        "value": {
         "type": "bytes",
         "id": 3
        },
        "encoding": {
         "type": "uint32",
         "id": 4
        },
        "ttlMs": {
         "type": "int64",
         "id": 5,
         "options": {
          "proto3_optional": true
         }
        },
        "expectedVersion": {
         "type": "uint64",
         "id": 6,
         "options": {
          "proto3_optional": true
         }
        },
        "ack": {
         "type": "Operation.Ack",
         "id": 7
        },
        "softTtlMs": {
         "type": "int64",
         "id": 8,
         "options": {
          "proto3_optional": true
         }
        }
       }
      },
      "DeleteRequest": {
       "oneofs": {
        "_expectedVersion": {
         "oneof": [
          "expectedVersion"
         ]
        }
       },
       "fields": {
        "cache": {
         "type": "string",
         "id": 1
        },
        "key": {
         "type": "bytes",
         "id": 2
        },
        "expectedVersion": {
         "type": "uint64",
         "id": 3,
         "options": {
          "proto3_optional": true
         }
        },
        "ack": {
         "type": "Operation.Ack",
         "id": 4
        }
       }
      },
      "WriteResponse": {
       "fields": {
        "version": {
         "type": "uint64",
         "id": 1
        },
        "degraded": {
         "type": "bool",
         "id": 2
        },
        "term": {
         "type": "uint32",
         "id": 3
        },
        "nodeId": {
         "type": "string",
         "id": 4
        },
        "incarnation": {
         "type": "string",
         "id": 5
        }
       }
      },
      "TouchRequest": {
       "oneofs": {
        "_ttlMs": {
         "oneof": [
          "ttlMs"
         ]
        }
       },
       "fields": {
        "cache": {
         "type": "string",
         "id": 1
        },
        "key": {
         "type": "bytes",
         "id": 2
        },
        "ttlMs": {
         "type": "int64",
         "id": 3,
         "options": {
          "proto3_optional": true
         }
        }
       }
      },
      "TouchResponse": {
       "fields": {
        "found": {
         "type": "bool",
         "id": 1
        },
        "version": {
         "type": "uint64",
         "id": 2
        },
        "term": {
         "type": "uint32",
         "id": 3
        },
        "nodeId": {
         "type": "string",
         "id": 4
        },
        "incarnation": {
         "type": "string",
         "id": 5
        }
       }
      },
      "IncrementRequest": {
       "oneofs": {
        "_ttlMs": {
         "oneof": [
          "ttlMs"
         ]
        }
       },
       "fields": {
        "cache": {
         "type": "string",
         "id": 1
        },
        "key": {
         "type": "bytes",
         "id": 2
        },
        "delta": {
         "type": "int64",
         "id": 3
        },
        "ttlMs": {
         "type": "int64",
         "id": 4,
         "options": {
          "proto3_optional": true
         }
        }
       }
      },
      "IncrementResponse": {
       "fields": {
        "value": {
         "type": "int64",
         "id": 1
        },
        "version": {
         "type": "uint64",
         "id": 2
        },
        "term": {
         "type": "uint32",
         "id": 3
        },
        "nodeId": {
         "type": "string",
         "id": 4
        },
        "incarnation": {
         "type": "string",
         "id": 5
        }
       }
      },
      "FlushRequest": {
       "fields": {
        "cache": {
         "type": "string",
         "id": 1
        },
        "key": {
         "type": "bytes",
         "id": 2
        }
       }
      },
      "FlushResponse": {
       "fields": {
        "flushed": {
         "type": "Reply.Flushed",
         "id": 1
        },
        "term": {
         "type": "uint32",
         "id": 2
        },
        "nodeId": {
         "type": "string",
         "id": 3
        },
        "incarnation": {
         "type": "string",
         "id": 4
        }
       }
      },
      "PersistedRequest": {
       "fields": {
        "cache": {
         "type": "string",
         "id": 1
        },
        "key": {
         "type": "bytes",
         "id": 2
        },
        "version": {
         "type": "uint64",
         "id": 3
        },
        "ack": {
         "type": "Operation.Ack",
         "id": 4
        }
       }
      },
      "PersistedResponse": {
       "fields": {
        "persisted": {
         "type": "bool",
         "id": 1
        },
        "term": {
         "type": "uint32",
         "id": 2
        },
        "nodeId": {
         "type": "string",
         "id": 3
        },
        "incarnation": {
         "type": "string",
         "id": 4
        }
       }
      },
      "GetManyRequest": {
       "fields": {
        "cache": {
         "type": "string",
         "id": 1
        },
        "keys": {
         "rule": "repeated",
         "type": "bytes",
         "id": 2
        }
       }
      },
      "SetManyRequest": {
       "oneofs": {
        "_ttlMs": {
         "oneof": [
          "ttlMs"
         ]
        }
       },
       "fields": {
        "cache": {
         "type": "string",
         "id": 1
        },
        "items": {
         "rule": "repeated",
         "type": "Item",
         "id": 2
        },
        "ttlMs": {
         "type": "int64",
         "id": 3,
         "options": {
          "proto3_optional": true
         }
        }
       },
       "nested": {
        "Item": {
         "fields": {
          "key": {
           "type": "bytes",
           "id": 1
          },
          "value": {
           "type": "bytes",
           "id": 2
          },
          "encoding": {
           "type": "uint32",
           "id": 3
          }
         }
        }
       }
      },
      "DeleteManyRequest": {
       "fields": {
        "cache": {
         "type": "string",
         "id": 1
        },
        "keys": {
         "rule": "repeated",
         "type": "bytes",
         "id": 2
        }
       }
      },
      "ManyResponse": {
       "fields": {
        "replies": {
         "rule": "repeated",
         "type": "Reply",
         "id": 1
        },
        "nodeId": {
         "type": "string",
         "id": 2
        },
        "incarnation": {
         "type": "string",
         "id": 3
        }
       }
      },
      "ClearRequest": {
       "fields": {
        "cache": {
         "type": "string",
         "id": 1
        }
       }
      },
      "ClearResponse": {
       "fields": {
        "nodeId": {
         "type": "string",
         "id": 1
        },
        "incarnation": {
         "type": "string",
         "id": 2
        }
       }
      },
      "WarmRequest": {
       "fields": {
        "cache": {
         "type": "string",
         "id": 1
        },
        "keys": {
         "rule": "repeated",
         "type": "bytes",
         "id": 2
        },
        "query": {
         "type": "string",
         "id": 3
        },
        "limit": {
         "type": "uint32",
         "id": 4
        }
       }
      },
      "WarmProgress": {
       "fields": {
        "total": {
         "type": "uint64",
         "id": 1
        },
        "loaded": {
         "type": "uint64",
         "id": 2
        },
        "absent": {
         "type": "uint64",
         "id": 3
        },
        "skipped": {
         "type": "uint64",
         "id": 4
        },
        "failed": {
         "type": "uint64",
         "id": 5
        }
       }
      },
      "StatsRequest": {
       "fields": {
        "cache": {
         "type": "string",
         "id": 1
        }
       }
      },
      "StatsResponse": {
       "fields": {
        "nodeId": {
         "type": "string",
         "id": 1
        },
        "incarnation": {
         "type": "string",
         "id": 2
        },
        "memoryBudgetBytes": {
         "type": "uint64",
         "id": 3
        },
        "caches": {
         "rule": "repeated",
         "type": "CacheStats",
         "id": 4
        },
        "ownedPartitions": {
         "type": "uint32",
         "id": 5
        },
        "recordsToReplay": {
         "type": "uint64",
         "id": 6
        },
        "curves": {
         "rule": "repeated",
         "type": "MissRatioCurve",
         "id": 7
        }
       }
      },
      "MissRatioCurve": {
       "fields": {
        "cache": {
         "type": "string",
         "id": 1
        },
        "reads": {
         "type": "double",
         "id": 2
        },
        "observedHitRatio": {
         "type": "double",
         "id": 3
        },
        "points": {
         "rule": "repeated",
         "type": "CurvePoint",
         "id": 4
        }
       }
      },
      "CurvePoint": {
       "fields": {
        "multiple": {
         "type": "double",
         "id": 1
        },
        "bytes": {
         "type": "uint64",
         "id": 2
        },
        "hitRatio": {
         "type": "double",
         "id": 3
        }
       }
      },
      "CacheStats": {
       "fields": {
        "cache": {
         "type": "string",
         "id": 1
        },
        "hits": {
         "type": "uint64",
         "id": 2
        },
        "misses": {
         "type": "uint64",
         "id": 3
        },
        "negativeHits": {
         "type": "uint64",
         "id": 4
        },
        "loads": {
         "type": "uint64",
         "id": 5
        },
        "loadBatches": {
         "type": "uint64",
         "id": 6
        },
        "loadFailures": {
         "type": "uint64",
         "id": 7
        },
        "sets": {
         "type": "uint64",
         "id": 8
        },
        "deletes": {
         "type": "uint64",
         "id": 9
        },
        "evictions": {
         "type": "uint64",
         "id": 10
        },
        "expirations": {
         "type": "uint64",
         "id": 11
        },
        "entries": {
         "type": "uint64",
         "id": 12
        },
        "bytes": {
         "type": "uint64",
         "id": 13
        },
        "dirtyEntries": {
         "type": "uint64",
         "id": 14
        },
        "dirtyBytes": {
         "type": "uint64",
         "id": 15
        },
        "oldestDirtyAgeMs": {
         "type": "uint64",
         "id": 16
        },
        "flushedRows": {
         "type": "uint64",
         "id": 17
        },
        "flushBatches": {
         "type": "uint64",
         "id": 18
        },
        "flushRetries": {
         "type": "uint64",
         "id": 19
        },
        "deadLetters": {
         "type": "uint64",
         "id": 20
        },
        "lostWrites": {
         "type": "uint64",
         "id": 21
        },
        "batchRows": {
         "type": "uint64",
         "id": 22
        },
        "slowedWrites": {
         "type": "uint64",
         "id": 23
        },
        "unpersistedEntries": {
         "type": "uint64",
         "id": 24
        },
        "staleHits": {
         "type": "uint64",
         "id": 25
        },
        "servedInGrace": {
         "type": "uint64",
         "id": 33
        },
        "refreshesAhead": {
         "type": "uint64",
         "id": 37
        },
        "tokens": {
         "type": "uint64",
         "id": 34
        },
        "tokenWaits": {
         "type": "uint64",
         "id": 35
        },
        "loaderFailures": {
         "type": "uint64",
         "id": 36
        },
        "capacityEvictions": {
         "type": "uint64",
         "id": 26
        },
        "memoryEvictions": {
         "type": "uint64",
         "id": 27
        },
        "checked": {
         "type": "uint64",
         "id": 30
        },
        "newerThanDatabase": {
         "type": "uint64",
         "id": 31
        },
        "staleEntries": {
         "type": "uint64",
         "id": 32
        }
       }
      },
      "Hello": {
       "fields": {
        "clusterId": {
         "type": "string",
         "id": 1
        },
        "protocol": {
         "type": "uint32",
         "id": 2
        },
        "clientId": {
         "type": "string",
         "id": 3
        },
        "expectedNodeId": {
         "type": "string",
         "id": 4
        },
        "expectedIncarnation": {
         "type": "string",
         "id": 5
        }
       }
      },
      "HelloReply": {
       "fields": {
        "nodeId": {
         "type": "string",
         "id": 1
        },
        "incarnation": {
         "type": "string",
         "id": 2
        },
        "epoch": {
         "type": "uint64",
         "id": 3
        }
       }
      },
      "Batch": {
       "oneofs": {
        "_hello": {
         "oneof": [
          "hello"
         ]
        }
       },
       "fields": {
        "hello": {
         "type": "Hello",
         "id": 1,
         "options": {
          "proto3_optional": true
         }
        },
        "epoch": {
         "type": "uint64",
         "id": 2
        },
        "budgetMs": {
         "type": "uint32",
         "id": 3
        },
        "operations": {
         "rule": "repeated",
         "type": "Operation",
         "id": 4
        }
       }
      },
      "Operation": {
       "oneofs": {
        "_ttlMs": {
         "oneof": [
          "ttlMs"
         ]
        },
        "_softTtlMs": {
         "oneof": [
          "softTtlMs"
         ]
        },
        "_expectedVersion": {
         "oneof": [
          "expectedVersion"
         ]
        },
        "_maxStaleMs": {
         "oneof": [
          "maxStaleMs"
         ]
        },
        "_delta": {
         "oneof": [
          "delta"
         ]
        },
        "_version": {
         "oneof": [
          "version"
         ]
        },
        "_budgetMs": {
         "oneof": [
          "budgetMs"
         ]
        },
        "_waitMs": {
         "oneof": [
          "waitMs"
         ]
        },
        "_letterVersion": {
         "oneof": [
          "letterVersion"
         ]
        },
        "_fillToken": {
         "oneof": [
          "fillToken"
         ]
        },
        "_fill": {
         "oneof": [
          "fill"
         ]
        },
        "_fillError": {
         "oneof": [
          "fillError"
         ]
        }
       },
       "fields": {
        "id": {
         "type": "uint64",
         "id": 1
        },
        "kind": {
         "type": "Kind",
         "id": 2
        },
        "cache": {
         "type": "string",
         "id": 3
        },
        "key": {
         "type": "bytes",
         "id": 4
        },
        "value": {
         "type": "bytes",
         "id": 5
        },
        "encoding": {
         "type": "uint32",
         "id": 6
        },
        "ttlMs": {
         "type": "int64",
         "id": 7,
         "options": {
          "proto3_optional": true
         }
        },
        "softTtlMs": {
         "type": "int64",
         "id": 8,
         "options": {
          "proto3_optional": true
         }
        },
        "expectedVersion": {
         "type": "uint64",
         "id": 9,
         "options": {
          "proto3_optional": true
         }
        },
        "ack": {
         "type": "Ack",
         "id": 10
        },
        "maxStaleMs": {
         "type": "int64",
         "id": 11,
         "options": {
          "proto3_optional": true
         }
        },
        "forwarded": {
         "type": "bool",
         "id": 12
        },
        "delta": {
         "type": "int64",
         "id": 13,
         "options": {
          "proto3_optional": true
         }
        },
        "version": {
         "type": "uint64",
         "id": 14,
         "options": {
          "proto3_optional": true
         }
        },
        "budgetMs": {
         "type": "uint32",
         "id": 17,
         "options": {
          "proto3_optional": true
         }
        },
        "waitMs": {
         "type": "uint32",
         "id": 19,
         "options": {
          "proto3_optional": true
         }
        },
        "letterVersion": {
         "type": "uint64",
         "id": 16,
         "options": {
          "proto3_optional": true
         }
        },
        "fillToken": {
         "type": "uint64",
         "id": 20,
         "options": {
          "proto3_optional": true
         }
        },
        "fill": {
         "type": "Fill",
         "id": 21,
         "options": {
          "proto3_optional": true
         }
        },
        "fillError": {
         "type": "string",
         "id": 22,
         "options": {
          "proto3_optional": true
         }
        }
       },
       "reserved": [
        [
         23,
         24
        ]
       ],
       "nested": {
        "Kind": {
         "values": {
          "KIND_UNSPECIFIED": 0,
          "GET": 1,
          "SET": 2,
          "DELETE": 3,
          "TOUCH": 4,
          "INCREMENT": 5,
          "CLEAR": 6,
          "WARM": 7,
          "PERSISTED": 8,
          "FLUSH": 9,
          "RETRY_DEAD_LETTER": 10,
          "EXPLAIN": 11,
          "FORGET_DEAD_LETTER": 12,
          "LOAD": 13,
          "FILL": 14,
          "RENEW_FILL": 15
         }
        },
        "Fill": {
         "values": {
          "FOUND": 0,
          "NOT_FOUND": 1,
          "FAILED": 2,
          "RETURNED": 3
         }
        },
        "Ack": {
         "values": {
          "ACK_DEFAULT": 0,
          "MEMORY": 1,
          "JOURNAL": 2,
          "BACKUP": 3,
          "JOURNAL_AND_BACKUP": 4,
          "DATABASE": 5
         }
        }
       }
      },
      "Replies": {
       "oneofs": {
        "_hello": {
         "oneof": [
          "hello"
         ]
        }
       },
       "fields": {
        "hello": {
         "type": "HelloReply",
         "id": 1,
         "options": {
          "proto3_optional": true
         }
        },
        "replies": {
         "rule": "repeated",
         "type": "Reply",
         "id": 2
        }
       }
      },
      "Reply": {
       "oneofs": {
        "_value": {
         "oneof": [
          "value"
         ]
        },
        "_ttlLeftMs": {
         "oneof": [
          "ttlLeftMs"
         ]
        },
        "_notOwner": {
         "oneof": [
          "notOwner"
         ]
        },
        "_flushed": {
         "oneof": [
          "flushed"
         ]
        },
        "_retried": {
         "oneof": [
          "retried"
         ]
        },
        "_explanation": {
         "oneof": [
          "explanation"
         ]
        },
        "_fillToken": {
         "oneof": [
          "fillToken"
         ]
        },
        "_leaseMs": {
         "oneof": [
          "leaseMs"
         ]
        },
        "_filling": {
         "oneof": [
          "filling"
         ]
        },
        "_hasGrace": {
         "oneof": [
          "hasGrace"
         ]
        }
       },
       "fields": {
        "id": {
         "type": "uint64",
         "id": 1
        },
        "code": {
         "type": "Code",
         "id": 2
        },
        "outcome": {
         "type": "Outcome",
         "id": 3
        },
        "version": {
         "type": "uint64",
         "id": 4
        },
        "term": {
         "type": "uint32",
         "id": 5
        },
        "value": {
         "type": "bytes",
         "id": 6,
         "options": {
          "proto3_optional": true
         }
        },
        "encoding": {
         "type": "uint32",
         "id": 7
        },
        "source": {
         "type": "Source",
         "id": 8
        },
        "ageMs": {
         "type": "uint64",
         "id": 9
        },
        "stale": {
         "type": "bool",
         "id": 10
        },
        "ttlLeftMs": {
         "type": "uint64",
         "id": 11,
         "options": {
          "proto3_optional": true
         }
        },
        "degraded": {
         "type": "bool",
         "id": 12
        },
        "unpersisted": {
         "type": "bool",
         "id": 19
        },
        "message": {
         "type": "string",
         "id": 13
        },
        "notOwner": {
         "type": "NotOwner",
         "id": 14,
         "options": {
          "proto3_optional": true
         }
        },
        "flushed": {
         "type": "Flushed",
         "id": 18,
         "options": {
          "proto3_optional": true
         }
        },
        "retried": {
         "type": "RetriedDeadLetter",
         "id": 15,
         "options": {
          "proto3_optional": true
         }
        },
        "explanation": {
         "type": "Explanation",
         "id": 16,
         "options": {
          "proto3_optional": true
         }
        },
        "fillToken": {
         "type": "uint64",
         "id": 20,
         "options": {
          "proto3_optional": true
         }
        },
        "leaseMs": {
         "type": "uint32",
         "id": 21,
         "options": {
          "proto3_optional": true
         }
        },
        "filling": {
         "type": "bool",
         "id": 22,
         "options": {
          "proto3_optional": true
         }
        },
        "hasGrace": {
         "type": "bool",
         "id": 23,
         "options": {
          "proto3_optional": true
         }
        }
       },
       "nested": {
        "Code": {
         "values": {
          "OK": 0,
          "INVALID_ARGUMENT": 1,
          "VALUE_TOO_LARGE": 2,
          "VERSION_CONFLICT": 3,
          "NOT_OWNER": 4,
          "OVERLOADED": 5,
          "UNAVAILABLE": 6,
          "DEADLINE_EXCEEDED": 7,
          "OUTCOME_UNKNOWN": 8,
          "READ_ONLY": 9,
          "UNKNOWN_CACHE": 10,
          "CLOSED": 11,
          "INTERNAL": 12,
          "DEAD_LETTER": 13,
          "WRITE_LOST": 14,
          "COMPRESSION_REFUSED": 15,
          "LOAD_FAILED": 16
         }
        },
        "Outcome": {
         "values": {
          "NOT_APPLIED": 0,
          "APPLIED": 1,
          "UNKNOWN": 2
         }
        },
        "Source": {
         "values": {
          "NONE": 0,
          "MEMORY": 1,
          "DATABASE": 2,
          "LOADER": 3
         }
        },
        "NotOwner": {
         "fields": {
          "epoch": {
           "type": "uint64",
           "id": 1
          },
          "nodeId": {
           "type": "string",
           "id": 2
          },
          "incarnation": {
           "type": "string",
           "id": 3
          },
          "address": {
           "type": "string",
           "id": 4
          },
          "term": {
           "type": "uint32",
           "id": 5
          }
         }
        },
        "Flushed": {
         "fields": {
          "persisted": {
           "type": "uint64",
           "id": 1
          },
          "refused": {
           "type": "uint64",
           "id": 2
          },
          "dirty": {
           "type": "uint64",
           "id": 3
          },
          "refusedKeys": {
           "rule": "repeated",
           "type": "bytes",
           "id": 4
          },
          "dirtyKeys": {
           "rule": "repeated",
           "type": "bytes",
           "id": 5
          },
          "moved": {
           "type": "uint64",
           "id": 6
          }
         }
        }
       }
      },
      "Operator": {
       "methods": {
        "ListDeadLetters": {
         "requestType": "ListDeadLettersRequest",
         "responseType": "ListDeadLettersResponse"
        },
        "RetryDeadLetters": {
         "requestType": "RetryDeadLettersRequest",
         "responseType": "RetryDeadLettersResponse"
        },
        "DropDeadLetters": {
         "requestType": "DropDeadLettersRequest",
         "responseType": "DropDeadLettersResponse"
        },
        "Explain": {
         "requestType": "ExplainRequest",
         "responseType": "Explanation"
        }
       }
      },
      "DeadLetterName": {
       "fields": {
        "cache": {
         "type": "string",
         "id": 1
        },
        "key": {
         "type": "bytes",
         "id": 2
        },
        "version": {
         "type": "uint64",
         "id": 3
        }
       }
      },
      "DeadLetter": {
       "oneofs": {
        "_expiresAtMs": {
         "oneof": [
          "expiresAtMs"
         ]
        },
        "_value": {
         "oneof": [
          "value"
         ]
        }
       },
       "fields": {
        "name": {
         "type": "DeadLetterName",
         "id": 1
        },
        "deleted": {
         "type": "bool",
         "id": 2
        },
        "encoding": {
         "type": "uint32",
         "id": 3
        },
        "expiresAtMs": {
         "type": "uint64",
         "id": 4,
         "options": {
          "proto3_optional": true
         }
        },
        "valueBytes": {
         "type": "uint64",
         "id": 5
        },
        "value": {
         "type": "bytes",
         "id": 6,
         "options": {
          "proto3_optional": true
         }
        },
        "sqlstate": {
         "type": "string",
         "id": 7
        },
        "message": {
         "type": "string",
         "id": 8
        },
        "atMs": {
         "type": "uint64",
         "id": 9
        },
        "incarnation": {
         "type": "string",
         "id": 10
        }
       }
      },
      "ListDeadLettersRequest": {
       "oneofs": {
        "_key": {
         "oneof": [
          "key"
         ]
        }
       },
       "fields": {
        "cache": {
         "type": "string",
         "id": 1
        },
        "key": {
         "type": "bytes",
         "id": 2,
         "options": {
          "proto3_optional": true
         }
        },
        "after": {
         "type": "DeadLetterName",
         "id": 3
        },
        "limit": {
         "type": "uint32",
         "id": 4
        },
        "values": {
         "type": "bool",
         "id": 5
        }
       }
      },
      "ListDeadLettersResponse": {
       "fields": {
        "letters": {
         "rule": "repeated",
         "type": "DeadLetter",
         "id": 1
        }
       }
      },
      "RetryDeadLettersRequest": {
       "fields": {
        "letters": {
         "rule": "repeated",
         "type": "DeadLetterName",
         "id": 1
        }
       }
      },
      "RetryDeadLettersResponse": {
       "fields": {
        "letters": {
         "rule": "repeated",
         "type": "RetriedDeadLetter",
         "id": 1
        }
       }
      },
      "RetriedDeadLetter": {
       "fields": {
        "outcome": {
         "type": "Outcome",
         "id": 1
        },
        "laterVersion": {
         "type": "uint64",
         "id": 2
        },
        "sqlstate": {
         "type": "string",
         "id": 3
        },
        "message": {
         "type": "string",
         "id": 4
        }
       },
       "nested": {
        "Outcome": {
         "values": {
          "FAILED": 0,
          "WRITTEN": 1,
          "SUPERSEDED": 2,
          "REFUSED": 3,
          "GONE": 4
         }
        }
       }
      },
      "DropDeadLettersRequest": {
       "fields": {
        "letters": {
         "rule": "repeated",
         "type": "DeadLetterName",
         "id": 1
        }
       }
      },
      "DropDeadLettersResponse": {
       "fields": {
        "dropped": {
         "rule": "repeated",
         "type": "bool",
         "id": 1
        },
        "problems": {
         "rule": "repeated",
         "type": "string",
         "id": 2
        }
       }
      },
      "ExplainRequest": {
       "fields": {
        "cache": {
         "type": "string",
         "id": 1
        },
        "key": {
         "type": "bytes",
         "id": 2
        }
       }
      },
      "Explanation": {
       "oneofs": {
        "_cached": {
         "oneof": [
          "cached"
         ]
        },
        "_dirty": {
         "oneof": [
          "dirty"
         ]
        },
        "_row": {
         "oneof": [
          "row"
         ]
        }
       },
       "fields": {
        "incarnation": {
         "type": "string",
         "id": 1
        },
        "epoch": {
         "type": "uint64",
         "id": 2
        },
        "pattern": {
         "type": "string",
         "id": 3
        },
        "partition": {
         "type": "uint32",
         "id": 4
        },
        "term": {
         "type": "uint32",
         "id": 5
        },
        "recovering": {
         "type": "bool",
         "id": 6
        },
        "unresolved": {
         "type": "bool",
         "id": 7
        },
        "cached": {
         "type": "Cached",
         "id": 8,
         "options": {
          "proto3_optional": true
         }
        },
        "dirty": {
         "type": "Dirty",
         "id": 9,
         "options": {
          "proto3_optional": true
         }
        },
        "row": {
         "type": "Row",
         "id": 10,
         "options": {
          "proto3_optional": true
         }
        },
        "rowProblem": {
         "type": "string",
         "id": 11
        },
        "deadLetters": {
         "rule": "repeated",
         "type": "DeadLetter",
         "id": 12
        }
       },
       "nested": {
        "Cached": {
         "oneofs": {
          "_ttlLeftMs": {
           "oneof": [
            "ttlLeftMs"
           ]
          },
          "_idleLeftMs": {
           "oneof": [
            "idleLeftMs"
           ]
          }
         },
         "fields": {
          "version": {
           "type": "uint64",
           "id": 1
          },
          "absence": {
           "type": "bool",
           "id": 2
          },
          "valueBytes": {
           "type": "uint64",
           "id": 3
          },
          "encoding": {
           "type": "uint32",
           "id": 4
          },
          "ageMs": {
           "type": "uint64",
           "id": 5
          },
          "ttlLeftMs": {
           "type": "uint64",
           "id": 6,
           "options": {
            "proto3_optional": true
           }
          },
          "costBytes": {
           "type": "uint64",
           "id": 7
          },
          "unpersisted": {
           "type": "bool",
           "id": 8
          },
          "stale": {
           "type": "bool",
           "id": 9
          },
          "idleLeftMs": {
           "type": "uint64",
           "id": 10,
           "options": {
            "proto3_optional": true
           }
          }
         }
        },
        "Dirty": {
         "oneofs": {
          "_journal": {
           "oneof": [
            "journal"
           ]
          }
         },
         "fields": {
          "version": {
           "type": "uint64",
           "id": 1
          },
          "ageMs": {
           "type": "uint64",
           "id": 2
          },
          "deletion": {
           "type": "bool",
           "id": 3
          },
          "replayed": {
           "type": "bool",
           "id": 4
          },
          "uncommitted": {
           "type": "bool",
           "id": 5
          },
          "journal": {
           "type": "bool",
           "id": 6,
           "options": {
            "proto3_optional": true
           }
          },
          "backups": {
           "rule": "repeated",
           "type": "Backup",
           "id": 7
          }
         }
        },
        "Backup": {
         "fields": {
          "incarnation": {
           "type": "string",
           "id": 1
          },
          "inSync": {
           "type": "bool",
           "id": 2
          },
          "hasEverything": {
           "type": "bool",
           "id": 3
          }
         }
        },
        "Row": {
         "oneofs": {
          "_expiresAtMs": {
           "oneof": [
            "expiresAtMs"
           ]
          },
          "_updatedAtMs": {
           "oneof": [
            "updatedAtMs"
           ]
          }
         },
         "fields": {
          "state": {
           "type": "State",
           "id": 1
          },
          "version": {
           "type": "uint64",
           "id": 2
          },
          "expiresAtMs": {
           "type": "uint64",
           "id": 3,
           "options": {
            "proto3_optional": true
           }
          },
          "updatedAtMs": {
           "type": "uint64",
           "id": 4,
           "options": {
            "proto3_optional": true
           }
          }
         },
         "nested": {
          "State": {
           "values": {
            "ABSENT": 0,
            "PRESENT": 1,
            "TOMBSTONE": 2,
            "EXPIRED": 3
           }
          }
         }
        }
       }
      },
      "Control": {
       "methods": {
        "ReportExit": {
         "requestType": "ReportExitRequest",
         "responseType": "ReportExitResponse"
        },
        "RequestTerm": {
         "requestType": "RequestTermRequest",
         "responseType": "RequestTermResponse"
        },
        "ProposeInSync": {
         "requestType": "ProposeInSyncRequest",
         "responseType": "ProposeInSyncResponse"
        },
        "RemoveInSync": {
         "requestType": "RemoveInSyncRequest",
         "responseType": "RemoveInSyncResponse"
        },
        "ReportFenced": {
         "requestType": "ReportFencedRequest",
         "responseType": "ReportFencedResponse"
        }
       }
      },
      "ReportExitRequest": {
       "fields": {
        "nodeId": {
         "type": "string",
         "id": 1
        },
        "incarnation": {
         "type": "string",
         "id": 2
        }
       }
      },
      "ReportExitResponse": {
       "fields": {
        "removed": {
         "type": "bool",
         "id": 1
        }
       }
      },
      "RequestTermRequest": {
       "fields": {
        "incarnation": {
         "type": "string",
         "id": 1
        },
        "partition": {
         "type": "uint32",
         "id": 2
        },
        "term": {
         "type": "uint32",
         "id": 3
        },
        "minTerm": {
         "type": "uint32",
         "id": 4
        }
       }
      },
      "RequestTermResponse": {
       "fields": {}
      },
      "InSyncChange": {
       "fields": {
        "partition": {
         "type": "uint32",
         "id": 1
        },
        "term": {
         "type": "uint32",
         "id": 2
        },
        "member": {
         "type": "string",
         "id": 3
        }
       }
      },
      "ProposeInSyncRequest": {
       "fields": {
        "incarnation": {
         "type": "string",
         "id": 1
        },
        "epoch": {
         "type": "uint64",
         "id": 2
        },
        "changes": {
         "rule": "repeated",
         "type": "InSyncChange",
         "id": 3
        }
       }
      },
      "ProposeInSyncResponse": {
       "fields": {}
      },
      "RemoveInSyncRequest": {
       "fields": {
        "incarnation": {
         "type": "string",
         "id": 1
        },
        "changes": {
         "rule": "repeated",
         "type": "InSyncChange",
         "id": 2
        }
       }
      },
      "RemoveInSyncResponse": {
       "fields": {
        "epoch": {
         "type": "uint64",
         "id": 1
        }
       }
      },
      "ReportFencedRequest": {
       "fields": {
        "fenced": {
         "rule": "repeated",
         "type": "string",
         "id": 1
        }
       }
      },
      "ReportFencedResponse": {
       "fields": {}
      },
      "Peer": {
       "methods": {
        "Forward": {
         "requestType": "Batch",
         "responseType": "Replies"
        },
        "Release": {
         "requestType": "ReleaseRequest",
         "responseType": "ReleaseResponse"
        },
        "Replay": {
         "requestType": "ReplayRequest",
         "responseType": "ReplayResponse"
        },
        "Replicate": {
         "requestType": "ReplicaBatch",
         "requestStream": true,
         "responseType": "ReplicaReply",
         "responseStream": true
        }
       }
      },
      "ReleaseRequest": {
       "fields": {
        "epoch": {
         "type": "uint64",
         "id": 1
        },
        "incarnation": {
         "type": "string",
         "id": 2
        },
        "partitions": {
         "rule": "repeated",
         "type": "PartitionTerm",
         "id": 3
        }
       }
      },
      "PartitionTerm": {
       "fields": {
        "partition": {
         "type": "uint32",
         "id": 1
        },
        "term": {
         "type": "uint32",
         "id": 2
        }
       }
      },
      "ReleaseResponse": {
       "fields": {
        "epoch": {
         "type": "uint64",
         "id": 1
        },
        "results": {
         "rule": "repeated",
         "type": "Result",
         "id": 2
        }
       },
       "nested": {
        "Result": {
         "fields": {
          "partition": {
           "type": "uint32",
           "id": 1
          },
          "term": {
           "type": "uint32",
           "id": 2
          },
          "status": {
           "type": "Status",
           "id": 3
          },
          "sequence": {
           "type": "uint32",
           "id": 4
          }
         }
        },
        "Status": {
         "values": {
          "REFUSED": 0,
          "RELEASED": 1,
          "BUSY": 2
         }
        }
       }
      },
      "ReplicaBatch": {
       "fields": {
        "hello": {
         "type": "ReplicaHello",
         "id": 1
        },
        "id": {
         "type": "uint64",
         "id": 2
        },
        "first": {
         "type": "uint64",
         "id": 3
        },
        "records": {
         "type": "bytes",
         "id": 4
        },
        "cleaned": {
         "type": "bytes",
         "id": 5
        }
       }
      },
      "ReplicaHello": {
       "fields": {
        "from": {
         "type": "string",
         "id": 1
        },
        "to": {
         "type": "string",
         "id": 2
        },
        "session": {
         "type": "uint64",
         "id": 3
        },
        "promiseMs": {
         "type": "uint32",
         "id": 4
        }
       }
      },
      "ReplicaReply": {
       "fields": {
        "id": {
         "type": "uint64",
         "id": 1
        },
        "through": {
         "type": "uint64",
         "id": 2
        },
        "refused": {
         "rule": "repeated",
         "type": "uint64",
         "id": 3
        },
        "overloaded": {
         "type": "bool",
         "id": 4
        }
       }
      },
      "ReplayRequest": {
       "fields": {
        "epoch": {
         "type": "uint64",
         "id": 1
        },
        "budgetMs": {
         "type": "uint32",
         "id": 2
        },
        "records": {
         "rule": "repeated",
         "type": "JournalRecord",
         "id": 3
        }
       }
      },
      "JournalRecord": {
       "oneofs": {
        "_value": {
         "oneof": [
          "value"
         ]
        },
        "_expiresAtMs": {
         "oneof": [
          "expiresAtMs"
         ]
        }
       },
       "fields": {
        "cacheId": {
         "type": "uint32",
         "id": 1
        },
        "key": {
         "type": "bytes",
         "id": 2
        },
        "value": {
         "type": "bytes",
         "id": 3,
         "options": {
          "proto3_optional": true
         }
        },
        "encoding": {
         "type": "uint32",
         "id": 4
        },
        "version": {
         "type": "uint64",
         "id": 5
        },
        "expiresAtMs": {
         "type": "uint64",
         "id": 6,
         "options": {
          "proto3_optional": true
         }
        },
        "writtenAtMs": {
         "type": "uint64",
         "id": 7
        }
       }
      },
      "ReplayResponse": {
       "fields": {
        "outcomes": {
         "rule": "repeated",
         "type": "Outcome",
         "id": 1
        }
       },
       "nested": {
        "Outcome": {
         "values": {
          "LATER": 0,
          "PENDING": 1,
          "PERSISTED": 2
         }
        }
       }
      }
     }
    }
   }
  }
 }
};
