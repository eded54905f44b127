(* low_rank_optimizers/DC-3: Sums of absolute values find at least 1/m of what squares find. G is a gradient, Q is
   orthogonal of size n, columns of G Q have m entries, and I are the r columns with the largest sums of absolute
   values. They hold at least 1/m of the squares that the best r columns hold, so at least r/(n m) of |G|^2. Of
   every selection by sums of absolute values, of columns of any number and length: the rule. *)
From Coq Require Import Reals NArith ZArith List.
From Certificates Require Import DC_3.
Import ListNotations.
Open Scope R_scope.

(* columns-by-absolute-values:always-6 *)
Example anchor_1 :
  hypotheses 4 [] [[(1 / 1); (1 / 1); (0 / 1); (1 / 1)]] [[(0 / 1); (0 / 1); (0 / 1); (2 / 1)]] /\
  lhs 4 [] [[(1 / 1); (1 / 1); (0 / 1); (1 / 1)]] [[(0 / 1); (0 / 1); (0 / 1); (2 / 1)]] = (1) /\
  rhs 4 [] [[(1 / 1); (1 / 1); (0 / 1); (1 / 1)]] [[(0 / 1); (0 / 1); (0 / 1); (2 / 1)]] = (3).
Proof. anchored. Qed.

(* columns-by-absolute-values:always-7 *)
Example anchor_2 :
  hypotheses 4 [[(1 / 1); (1 / 1); (0 / 1); (1 / 1)]] [[(1 / 1); (1 / 1); (0 / 1); (-1 / 1)]] [[(0 / 1); (0 / 1); (0 / 1); (2 / 1)]] /\
  lhs 4 [[(1 / 1); (1 / 1); (0 / 1); (1 / 1)]] [[(1 / 1); (1 / 1); (0 / 1); (-1 / 1)]] [[(0 / 1); (0 / 1); (0 / 1); (2 / 1)]] = (7 / 4) /\
  rhs 4 [[(1 / 1); (1 / 1); (0 / 1); (1 / 1)]] [[(1 / 1); (1 / 1); (0 / 1); (-1 / 1)]] [[(0 / 1); (0 / 1); (0 / 1); (2 / 1)]] = (6).
Proof. anchored. Qed.

(* columns-by-absolute-values:always-8 *)
Example anchor_3 :
  hypotheses 4 [[(1 / 1); (1 / 1); (0 / 1); (1 / 1)]; [(1 / 1); (1 / 1); (0 / 1); (-1 / 1)]; [(0 / 1); (0 / 1); (0 / 1); (2 / 1)]; [(-1 / 1); (1 / 1); (0 / 1); (1 / 1)]] [] [] /\
  lhs 4 [[(1 / 1); (1 / 1); (0 / 1); (1 / 1)]; [(1 / 1); (1 / 1); (0 / 1); (-1 / 1)]; [(0 / 1); (0 / 1); (0 / 1); (2 / 1)]; [(-1 / 1); (1 / 1); (0 / 1); (1 / 1)]] [] [] = (13 / 4) /\
  rhs 4 [[(1 / 1); (1 / 1); (0 / 1); (1 / 1)]; [(1 / 1); (1 / 1); (0 / 1); (-1 / 1)]; [(0 / 1); (0 / 1); (0 / 1); (2 / 1)]; [(-1 / 1); (1 / 1); (0 / 1); (1 / 1)]] [] [] = (13).
Proof. anchored. Qed.

(* columns-by-absolute-values:always-9 *)
Example anchor_4 :
  hypotheses 3 [[(3 / 1); (0 / 1); (1 / 1)]] [] [] /\
  lhs 3 [[(3 / 1); (0 / 1); (1 / 1)]] [] [] = (10 / 3) /\
  rhs 3 [[(3 / 1); (0 / 1); (1 / 1)]] [] [] = (10).
Proof. anchored. Qed.

(* columns-by-absolute-values:always-10 *)
Example anchor_5 :
  hypotheses 3 [[(3 / 1); (0 / 1); (1 / 1)]] [] [] /\
  lhs 3 [[(3 / 1); (0 / 1); (1 / 1)]] [] [] = (10 / 3) /\
  rhs 3 [[(3 / 1); (0 / 1); (1 / 1)]] [] [] = (10).
Proof. anchored. Qed.

(* columns-by-absolute-values:always-11 *)
Example anchor_6 :
  hypotheses 3 [[(0 / 1); (0 / 1); (0 / 1)]] [] [] /\
  lhs 3 [[(0 / 1); (0 / 1); (0 / 1)]] [] [] = (0) /\
  rhs 3 [[(0 / 1); (0 / 1); (0 / 1)]] [] [] = (0).
Proof. anchored. Qed.

(* columns-by-absolute-values:always-12 *)
Example anchor_7 :
  hypotheses 3 [[(0 / 1); (0 / 1); (0 / 1)]] [] [] /\
  lhs 3 [[(0 / 1); (0 / 1); (0 / 1)]] [] [] = (0) /\
  rhs 3 [[(0 / 1); (0 / 1); (0 / 1)]] [] [] = (0).
Proof. anchored. Qed.

(* columns-by-absolute-values:always-13 *)
Example anchor_8 :
  hypotheses 2 [[(1 / 1); (2 / 1)]] [] [] /\
  lhs 2 [[(1 / 1); (2 / 1)]] [] [] = (5 / 2) /\
  rhs 2 [[(1 / 1); (2 / 1)]] [] [] = (5).
Proof. anchored. Qed.

(* columns-by-absolute-values:always-14 *)
Example anchor_9 :
  hypotheses 8 [] [[(2 / 1); (2 / 1); (2 / 1); (2 / 1); (2 / 1); (2 / 1); (2 / 1); (2 / 1)]] [[(15 / 1); (0 / 1); (0 / 1); (0 / 1); (0 / 1); (0 / 1); (0 / 1); (0 / 1)]] /\
  lhs 8 [] [[(2 / 1); (2 / 1); (2 / 1); (2 / 1); (2 / 1); (2 / 1); (2 / 1); (2 / 1)]] [[(15 / 1); (0 / 1); (0 / 1); (0 / 1); (0 / 1); (0 / 1); (0 / 1); (0 / 1)]] = (225 / 8) /\
  rhs 8 [] [[(2 / 1); (2 / 1); (2 / 1); (2 / 1); (2 / 1); (2 / 1); (2 / 1); (2 / 1)]] [[(15 / 1); (0 / 1); (0 / 1); (0 / 1); (0 / 1); (0 / 1); (0 / 1); (0 / 1)]] = (32).
Proof. anchored. Qed.

(* columns-by-absolute-values:always-15 *)
Example anchor_10 :
  hypotheses 6 [[(2 / 1); (2 / 1); (2 / 1); (2 / 1); (2 / 1); (2 / 1)]; [(2 / 1); (2 / 1); (2 / 1); (2 / 1); (2 / 1); (2 / 1)]] [[(2 / 1); (2 / 1); (2 / 1); (2 / 1); (2 / 1); (2 / 1)]] [[(11 / 1); (0 / 1); (0 / 1); (0 / 1); (0 / 1); (0 / 1)]] /\
  lhs 6 [[(2 / 1); (2 / 1); (2 / 1); (2 / 1); (2 / 1); (2 / 1)]; [(2 / 1); (2 / 1); (2 / 1); (2 / 1); (2 / 1); (2 / 1)]] [[(2 / 1); (2 / 1); (2 / 1); (2 / 1); (2 / 1); (2 / 1)]] [[(11 / 1); (0 / 1); (0 / 1); (0 / 1); (0 / 1); (0 / 1)]] = (169 / 6) /\
  rhs 6 [[(2 / 1); (2 / 1); (2 / 1); (2 / 1); (2 / 1); (2 / 1)]; [(2 / 1); (2 / 1); (2 / 1); (2 / 1); (2 / 1); (2 / 1)]] [[(2 / 1); (2 / 1); (2 / 1); (2 / 1); (2 / 1); (2 / 1)]] [[(11 / 1); (0 / 1); (0 / 1); (0 / 1); (0 / 1); (0 / 1)]] = (72).
Proof. anchored. Qed.

(* columns-by-absolute-values:tight-0 *)
Example anchor_11 :
  hypotheses 8 [] [[(1000000 / 1); (1000000 / 1); (1000000 / 1); (1000000 / 1); (1000000 / 1); (1000000 / 1); (1000000 / 1); (1000000 / 1)]] [[(7999999 / 1); (0 / 1); (0 / 1); (0 / 1); (0 / 1); (0 / 1); (0 / 1); (0 / 1)]] /\
  lhs 8 [] [[(1000000 / 1); (1000000 / 1); (1000000 / 1); (1000000 / 1); (1000000 / 1); (1000000 / 1); (1000000 / 1); (1000000 / 1)]] [[(7999999 / 1); (0 / 1); (0 / 1); (0 / 1); (0 / 1); (0 / 1); (0 / 1); (0 / 1)]] = (63999984000001 / 8) /\
  rhs 8 [] [[(1000000 / 1); (1000000 / 1); (1000000 / 1); (1000000 / 1); (1000000 / 1); (1000000 / 1); (1000000 / 1); (1000000 / 1)]] [[(7999999 / 1); (0 / 1); (0 / 1); (0 / 1); (0 / 1); (0 / 1); (0 / 1); (0 / 1)]] = (8000000000000).
Proof. anchored. Qed.
