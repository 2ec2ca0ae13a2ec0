"""Prints the polynomials of Sources/CBackprop/elementary.h for erf and erfc.

Needs mpmath. Each is the Chebyshev interpolant of a smooth function, turned into powers:

  tail:   (1 + 2x) e^(x^2) erfc(x)  in  t = (x - k) / (x + k), 0 <= x <= top
          (Schonfelder 1978; Shepherd and Laframboise 1981, doi:10.1090/S0025-5718-1981-0595058-X)
  centre: (erf(x) / x - 1)          in  x^2, 0 <= x <= 1
"""
from mpmath import mp, mpf, erf, erfc, exp, chebyfit, polyval, sqrt, pi

mp.dps = 60


def fit(f, low, high, degree):
    coefficients, error = chebyfit(f, [low, high], degree + 1, error=True)
    return coefficients, error


def show(name, coefficients, error, digits):
    print(f"// {name}: degree {len(coefficients) - 1}, largest error {mp.nstr(error, 3)}")
    print(", ".join(mp.nstr(c, digits) for c in reversed(coefficients)))


def tail(k):
    def value(t):
        x = k * (1 + t) / (1 - t)
        return (1 + 2 * x) * exp(x * x) * erfc(x)
    return value


def centre(s):
    if s < mpf(10) ** -40:
        return 2 / sqrt(pi) - 1
    x = sqrt(s)
    return erf(x) / x - 1


for name, top, k, d_tail, d_centre, digits in (("float", "10.2", "2", 10, 6, 10),
                                               ("double", "27.3", "3.75", 23, 11, 19)):
    k, top = mpf(k), mpf(top)
    show(name + " tail", *fit(tail(k), mpf(-1), (top - k) / (top + k), d_tail), digits)
    show(name + " centre", *fit(centre, mpf(0), mpf(1), d_centre), digits)
