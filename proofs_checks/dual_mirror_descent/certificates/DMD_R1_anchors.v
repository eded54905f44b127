(* dual_mirror_descent/DMD-R1: Without a stop, overspending is a price. After any n requests the costs b_tj of the
   proposals x~_t, implemented or not, exceed n times the rate rho_j of resource j by at most (mu_{n+1,j} -
   mu_1j)/eta, where mu_tj is the price before request t and eta the size of the Euclidean steps. Of every sequence
   of costs, eager or lazy Euclidean steps of every size: the rule. *)
From Coq Require Import Reals NArith ZArith List.
From Certificates Require Import Prices DMD_R1.
Import ListNotations.
Open Scope R_scope.

(* menus:always-0 *)
Example anchor_1 :
  hypotheses false (1 / 2) (1 / 2) (0 / 1) [(1 / 1); (0 / 1); (1 / 1)] [(0 / 1); (1 / 4); (0 / 1); (1 / 4)] /\
  lhs false (1 / 2) (1 / 2) (0 / 1) [(1 / 1); (0 / 1); (1 / 1)] [(0 / 1); (1 / 4); (0 / 1); (1 / 4)] = (1 / 2) /\
  rhs false (1 / 2) (1 / 2) (0 / 1) [(1 / 1); (0 / 1); (1 / 1)] [(0 / 1); (1 / 4); (0 / 1); (1 / 4)] = (1 / 2).
Proof. anchored. Qed.

(* menus:always-1 *)
Example anchor_2 :
  hypotheses false (1 / 2) (1 / 2) (0 / 1) [(0 / 1); (0 / 1)] [(0 / 1); (0 / 1); (0 / 1)] /\
  lhs false (1 / 2) (1 / 2) (0 / 1) [(0 / 1); (0 / 1)] [(0 / 1); (0 / 1); (0 / 1)] = (-1) /\
  rhs false (1 / 2) (1 / 2) (0 / 1) [(0 / 1); (0 / 1)] [(0 / 1); (0 / 1); (0 / 1)] = (0).
Proof. anchored. Qed.

(* menus:always-1 *)
Example anchor_3 :
  hypotheses false (1 / 2) (1 / 4) (0 / 1) [(0 / 1); (0 / 1)] [(0 / 1); (0 / 1); (0 / 1)] /\
  lhs false (1 / 2) (1 / 4) (0 / 1) [(0 / 1); (0 / 1)] [(0 / 1); (0 / 1); (0 / 1)] = (-1 / 2) /\
  rhs false (1 / 2) (1 / 4) (0 / 1) [(0 / 1); (0 / 1)] [(0 / 1); (0 / 1); (0 / 1)] = (0).
Proof. anchored. Qed.

(* menus:always-2 *)
Example anchor_4 :
  hypotheses false (1 / 16) (1 / 2) (0 / 1) [(1 / 1); (1 / 1); (1 / 1); (1 / 1)] [(0 / 1); (1 / 32); (1 / 16); (3 / 32); (1 / 8)] /\
  lhs false (1 / 16) (1 / 2) (0 / 1) [(1 / 1); (1 / 1); (1 / 1); (1 / 1)] [(0 / 1); (1 / 32); (1 / 16); (3 / 32); (1 / 8)] = (2) /\
  rhs false (1 / 16) (1 / 2) (0 / 1) [(1 / 1); (1 / 1); (1 / 1); (1 / 1)] [(0 / 1); (1 / 32); (1 / 16); (3 / 32); (1 / 8)] = (2).
Proof. anchored. Qed.

(* menus:always-3 *)
Example anchor_5 :
  hypotheses false (1 / 2) (1 / 1) (0 / 1) [(4 / 1); (0 / 1)] [(0 / 1); (3 / 2); (1 / 1)] /\
  lhs false (1 / 2) (1 / 1) (0 / 1) [(4 / 1); (0 / 1)] [(0 / 1); (3 / 2); (1 / 1)] = (2) /\
  rhs false (1 / 2) (1 / 1) (0 / 1) [(4 / 1); (0 / 1)] [(0 / 1); (3 / 2); (1 / 1)] = (2).
Proof. anchored. Qed.

(* menus:always-4 *)
Example anchor_6 :
  hypotheses false (1 / 4) (3 / 8) (0 / 1) [(1 / 1); (1 / 1); (1 / 1); (1 / 1)] [(0 / 1); (5 / 32); (5 / 16); (15 / 32); (5 / 8)] /\
  lhs false (1 / 4) (3 / 8) (0 / 1) [(1 / 1); (1 / 1); (1 / 1); (1 / 1)] [(0 / 1); (5 / 32); (5 / 16); (15 / 32); (5 / 8)] = (5 / 2) /\
  rhs false (1 / 4) (3 / 8) (0 / 1) [(1 / 1); (1 / 1); (1 / 1); (1 / 1)] [(0 / 1); (5 / 32); (5 / 16); (15 / 32); (5 / 8)] = (5 / 2).
Proof. anchored. Qed.

(* menus:always-5 *)
Example anchor_7 :
  hypotheses false (1 / 4) (1 / 2) (2 / 1) [(0 / 1); (0 / 1); (0 / 1); (0 / 1)] [(2 / 1); (15 / 8); (7 / 4); (13 / 8); (3 / 2)] /\
  lhs false (1 / 4) (1 / 2) (2 / 1) [(0 / 1); (0 / 1); (0 / 1); (0 / 1)] [(2 / 1); (15 / 8); (7 / 4); (13 / 8); (3 / 2)] = (-2) /\
  rhs false (1 / 4) (1 / 2) (2 / 1) [(0 / 1); (0 / 1); (0 / 1); (0 / 1)] [(2 / 1); (15 / 8); (7 / 4); (13 / 8); (3 / 2)] = (-2).
Proof. anchored. Qed.

(* menus:always-6 *)
Example anchor_8 :
  hypotheses false (1 / 2) (1 / 4) (1 / 2) [(1 / 2); (1 / 1); (0 / 1); (1 / 2)] [(1 / 2); (5 / 8); (1 / 1); (7 / 8); (1 / 1)] /\
  lhs false (1 / 2) (1 / 4) (1 / 2) [(1 / 2); (1 / 1); (0 / 1); (1 / 2)] [(1 / 2); (5 / 8); (1 / 1); (7 / 8); (1 / 1)] = (1) /\
  rhs false (1 / 2) (1 / 4) (1 / 2) [(1 / 2); (1 / 1); (0 / 1); (1 / 2)] [(1 / 2); (5 / 8); (1 / 1); (7 / 8); (1 / 1)] = (1).
Proof. anchored. Qed.

(* menus:always-6 *)
Example anchor_9 :
  hypotheses false (1 / 2) (1 / 2) (1 / 4) [(1 / 4); (0 / 1); (0 / 1); (1 / 4)] [(1 / 4); (1 / 8); (0 / 1); (0 / 1); (0 / 1)] /\
  lhs false (1 / 2) (1 / 2) (1 / 4) [(1 / 4); (0 / 1); (0 / 1); (1 / 4)] [(1 / 4); (1 / 8); (0 / 1); (0 / 1); (0 / 1)] = (-3 / 2) /\
  rhs false (1 / 2) (1 / 2) (1 / 4) [(1 / 4); (0 / 1); (0 / 1); (1 / 4)] [(1 / 4); (1 / 8); (0 / 1); (0 / 1); (0 / 1)] = (-1 / 2).
Proof. anchored. Qed.

(* menus:always-7 *)
Example anchor_10 :
  hypotheses false (1 / 2) (1 / 1) (0 / 1) [(1 / 1)] [(0 / 1); (0 / 1)] /\
  lhs false (1 / 2) (1 / 1) (0 / 1) [(1 / 1)] [(0 / 1); (0 / 1)] = (0) /\
  rhs false (1 / 2) (1 / 1) (0 / 1) [(1 / 1)] [(0 / 1); (0 / 1)] = (0).
Proof. anchored. Qed.

(* menus:always-8 *)
Example anchor_11 :
  hypotheses false (1 / 2) (1 / 2) (1 / 2) [(0 / 1); (0 / 1)] [(1 / 2); (1 / 4); (0 / 1)] /\
  lhs false (1 / 2) (1 / 2) (1 / 2) [(0 / 1); (0 / 1)] [(1 / 2); (1 / 4); (0 / 1)] = (-1) /\
  rhs false (1 / 2) (1 / 2) (1 / 2) [(0 / 1); (0 / 1)] [(1 / 2); (1 / 4); (0 / 1)] = (-1).
Proof. anchored. Qed.

(* menus:always-9 *)
Example anchor_12 :
  hypotheses true (1 / 2) (1 / 4) (1 / 2) [(1 / 2); (1 / 1); (0 / 1); (1 / 2)] [(1 / 2); (5 / 8); (1 / 1); (7 / 8); (1 / 1)] /\
  lhs true (1 / 2) (1 / 4) (1 / 2) [(1 / 2); (1 / 1); (0 / 1); (1 / 2)] [(1 / 2); (5 / 8); (1 / 1); (7 / 8); (1 / 1)] = (1) /\
  rhs true (1 / 2) (1 / 4) (1 / 2) [(1 / 2); (1 / 1); (0 / 1); (1 / 2)] [(1 / 2); (5 / 8); (1 / 1); (7 / 8); (1 / 1)] = (1).
Proof. anchored. Qed.
