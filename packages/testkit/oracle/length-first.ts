/** A comparator of a program's own, with its twin in cpp/rocks.cc: shorter keys first, those of one length bytewise. */
import type { Comparator } from 'varve'

const lengthFirst: Comparator = {
  name: 'testkit.LengthFirst',
  compare: (a, b) => a.length - b.length || Buffer.compare(a, b),
}
export default lengthFirst
