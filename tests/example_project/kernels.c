/* expm1 in float32, by way of double: a small kernel of a project that halfulp knows nothing of. */

#include <math.h>
#include <stdint.h>
#include <string.h>

static double power_of_two(int exponent) {
  uint64_t bits = (uint64_t)(exponent + 1023) << 52;
  double value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

float ours_expm1f(float x) {
  /* faults are injected here by a test */
  if (x != x || x == 0.0f) return x;
  if (x > 89.0f) return INFINITY;
  if (x < -18.0f) return -1.0f;
  const double log2_e = 0x1.71547652b82fep+0;
  const double ln2 = 0x1.62e42fefa39efp-1;
  int k = (int)(x * log2_e + (x < 0 ? -0.5 : 0.5));
  double r = x - k * ln2;
  /* Taylor's polynomial of exp(r) - 1 on |r| <= ln(2) / 2 */
  double sum = 1.0;
  for (int n = 13; n > 1; n--) sum = 1.0 + r / n * sum;
  double scale = power_of_two(k);
  return (float)(r * sum * scale + (scale - 1.0));
}
