export { MAX_TUPLE_DEPTH, MAX_TUPLE_ELEMENTS, type Tuple, type TupleElement, TupleTag } from './elements.ts'
export { decodeTuple, findTupleEnd } from './tuple-reader.ts'
export { encodeTuple, writeTuple } from './tuple-writer.ts'
